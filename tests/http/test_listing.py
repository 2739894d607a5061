"""Folders with --listing: as a page and as JSON (RFC 9110 sections 12.5.1 and 12.5.5)."""
import json
import os
import socket
from urllib.parse import urlsplit

import pytest

from client import Client
from codings import fields_but_date
from conftest import write_file
from listings import ListingPage, follow, shown
from observe import descriptors, wait_for_descriptors
from serving import CLOSED, KEPT, fate, serving

NASTY = [name.encode() for name in (
    "plain.txt", "a b", " leading", "trailing ", "two  spaces", "<script>alert(1)</script".replace(
        "/", "\\"), "&amp;", "&lt;b&gt;", "\"><img src=x>", "'onclick='x", "100%", "%41", "%2e%2e",
    "what?", "?sort=size", "#top", "new\nline", "carriage\rreturn", "tab\there", "\x01\x1f\x7f",
    "javascript:alert(1)", "data:text,x", "http:x", "C:\\x", "\\\\host\\x", "semi;colon", "a+b",
    "-rf", "~", "ü", "日本語", "👍", "\u202egnp.exe", "\u2066b\u2069\u202c",
    "\u200f", "\u2028", "\u202f", "x" * 255, "{{x}}", "${x}", "[x]",
    "*", "@", "=", ",", "|", "^", "`")] + [b"bad\xff\xfeutf", b"\xc3", b"\xed\xa0\x80", b"\xf5ok"]
JSON = [("Accept", "application/json")]
SORTED = {  # name: (size, when it was modified)
    "a10": (30, 3000), "A9": (10, 5000), "b": (20, 1000), "c2.txt": (10, 4000),
    "C10.txt": (50, 2000)}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("listing")
    for kind in ("static", "dynamic"):
        for folder in ("nasty", "sorted", "empty", "indexed", "odd", "dots/.well-known",
                       "sorted/z folder", "sorted/y folder", "deep/a b/<c>", "many"):
            (root / kind / folder).mkdir(parents=True)
        for name in NASTY:
            with open(os.fsencode(root / kind / "nasty") + b"/" + name, "wb") as file:
                file.write(name)
        for name, (size, modified) in SORTED.items():
            write_file(root / kind / "sorted" / name, size)
            os.utime(root / kind / "sorted" / name, (modified, modified))
        (root / kind / "indexed/index.html").write_text("the index")
        (root / kind / "deep/a b/<c>/file").write_text("at the bottom")
        (root / kind / "dots/seen").touch()
        (root / kind / "dots/.hidden").touch()
        for number in range(500):
            (root / kind / "many" / f"a file with a longer name, number {number}").touch()
        make_odd(root / kind / "odd")
    return root


def make_odd(folder):
    outside = folder.parents[2] / "outside-of-listing"
    outside.write_text("not yours")
    (folder / "real").write_text("1234567")
    (folder / "link-inside").symlink_to("real")
    (folder / "link-to-folder").symlink_to("../empty")
    (folder / "link-out").symlink_to(outside)
    (folder / "link-up-out").symlink_to("../../../outside-of-listing")
    (folder / "link-to-etc").symlink_to("/etc")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(os.path.relpath(folder / "socket"))


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, "--listing", shim=request.param) as server:
        yield server


def page(server, target, headers=()):
    answer = server.get(target, headers=headers)
    assert (answer.status, answer["Content-Type"]) == (200, "text/html; charset=utf-8"), answer
    assert (answer["Transfer-Encoding"], answer["Vary"]) == ("chunked", "Accept")
    return ListingPage(answer.body)


def entries(server, target, headers=()):
    answer = server.get(target, headers=[*JSON, *headers])
    assert (answer.status, answer["Content-Type"]) == (200, "application/json"), answer
    assert (answer["Transfer-Encoding"], answer["Vary"]) == ("chunked", "Accept")
    return json.loads(answer.body.decode())


def test_without_the_option_there_is_none(start, root, kind):
    server = start(root)
    for target in ("sorted/", "empty/", "nasty/", ""):
        for headers in ([], JSON):
            assert server.get(f"/{kind}/{target}", headers=headers).status == 403


def test_an_index_wins(server, kind):
    for headers in ([], JSON):
        assert server.get(f"/{kind}/indexed/", headers=headers).body == b"the index"


def test_a_folder_without_its_slash_is_redirected(server, kind):
    answer = server.get(f"/{kind}/sorted?sort=size&order=desc")
    assert (answer.status, answer["Location"]) == (301, f"/{kind}/sorted/?sort=size&order=desc")


@pytest.mark.parametrize("target", ["missing/", "sorted/b/", "nasty/plain.txt/"])
def test_what_is_no_folder_has_none(server, kind, target):
    assert server.get(f"/{kind}/{target}").status == 404


def test_every_name_is_shown_and_leads_to_its_file(server, kind):
    base = f"/{kind}/nasty/"
    rows = page(server, base).rows
    assert sorted(row.name for row in rows) == sorted(shown(name) for name in NASTY)
    with server.client() as client:
        for row in rows:
            client.request(follow(base, row.href))
            answer = client.answer()
            assert answer.status == 200, row
            assert shown(answer.body) == row.name
            assert row.size_title == f"{len(answer.body)} byte{'s' * (len(answer.body) != 1)}"


def test_every_name_in_json_leads_to_its_file(server, kind):
    base = f"/{kind}/nasty/"
    listing = entries(server, base)
    assert (listing["path"], listing["truncated"]) == (base, False)
    assert len(listing["entries"]) == len(NASTY)
    with server.client() as client:
        for entry in listing["entries"]:
            client.request(follow(base, entry["href"]))
            answer = client.answer()
            assert (answer.status, entry["type"], entry["size"]) == (200, "file", len(answer.body))
            assert answer.body.decode(errors="replace") == entry["name"]


def test_nothing_in_a_page_but_its_own_is_code(server, kind):
    found = page(server, f"/{kind}/nasty/")
    assert not found.tags & {"script", "img", "iframe", "object", "base"}
    assert found.forms == 3, "of the columns' heads, and not one more"
    assert not [name for name in found.attributes if name.startswith("on")]
    for href in found.hrefs:
        assert not urlsplit(href).scheme or href == "data:,", href  # the icon that is none
        assert not urlsplit(href).netloc, href


NAME_ASC = ["A9", "a10", "b", "c2.txt", "C10.txt"]  # as people count
ORDERS = {
    "": NAME_ASC, "?sort=name&order=asc": NAME_ASC, "?sort=name&order=desc": NAME_ASC[::-1],
    "?sort=size&order=asc": ["A9", "c2.txt", "b", "a10", "C10.txt"],
    "?sort=size&order=desc": ["C10.txt", "a10", "b", "A9", "c2.txt"],  # of equals: by name
    "?sort=time&order=asc": ["b", "C10.txt", "a10", "c2.txt", "A9"],
    "?sort=time&order=desc": ["A9", "c2.txt", "a10", "C10.txt", "b"],
    "?sort=size": ["A9", "c2.txt", "b", "a10", "C10.txt"],
    "?order=desc": NAME_ASC[::-1],
    "?sort=colour&order=sideways": NAME_ASC, "?%00": NAME_ASC, "?sort=%73ize": NAME_ASC,
}


@pytest.mark.parametrize("query", ORDERS)
def test_orders(server, kind, query):
    target = f"/{kind}/sorted/{query}"
    for names in ([row.name for row in page(server, target).rows],
                  [entry["name"] for entry in entries(server, target)["entries"]]):
        folders = {name.rstrip("/") for name in names[:2]}
        assert folders == {"y folder", "z folder"}, "folders come first"
        assert names[2:] == ORDERS[query]


def crawled(first, links_of):
    """Every target that can be reached from `first`."""
    seen, to_visit = set(), [first]
    while to_visit:
        target = to_visit.pop()
        if target not in seen:
            seen.add(target)
            to_visit += links_of(target)
    return seen


def test_the_columns_heads_lead_to_every_order(server, kind):
    base = f"/{kind}/sorted/"

    def orders_of(target):
        found = page(server, target)
        assert len(found.sort_queries) == 3 and len(found.sorted_by) == 1
        return [base + query for query in found.sort_queries.values()]
    seen = crawled(base, orders_of)
    assert seen == {base, *(f"{base}?order={order}&sort={key}" for key in ("name", "size", "time")
                            for order in ("asc", "desc"))}


def test_a_mirror_meets_each_folder_once(server, kind):
    """A client that follows each link of each page asks for no two listings of the same directory."""
    base = f"/{kind}/deep/"

    def links_of(target):
        if "?" not in target and (not target.endswith("/") or "indexed" in target):
            return []
        return [follow(target, href) for href in page(server, target).hrefs if href != "data:,"]
    seen = crawled(base, links_of)
    folders = {target for target in seen if "?" in target or target.endswith("/")}
    assert not [target for target in folders if "?" in target]
    assert {f"/{kind}/", base, f"{base}a%20b/", f"{base}a%20b/%3Cc%3E/"} <= folders


def test_links_to_folders_keep_the_order(server, kind):
    base = f"/{kind}/sorted/?sort=size&order=desc"
    found = page(server, base)
    for href in [row.href for row in found.rows[:2]] + found.breadcrumbs + [found.parent]:
        assert href.endswith("?sort=size&order=desc"), href
        assert server.get(follow(base, href)).status == 200


def test_breadcrumbs(server, kind):
    base = f"/{kind}/deep/a%20b/%3Cc%3E/"
    found = page(server, base)
    assert (found.title, found.heading) == (f"/{kind}/deep/a b/<c>/", "<c>")
    assert [follow(base, href) for href in found.breadcrumbs] == [
        f"/{kind}/", f"/{kind}/deep/", f"/{kind}/deep/a%20b/"]
    assert follow(base, found.parent) == f"/{kind}/deep/a%20b/"
    top = page(server, f"/{kind}/")
    assert (top.title, top.heading, top.breadcrumbs, top.parent) == (f"/{kind}/", kind, [], None)


def test_sizes_and_times_are_exact_on_hover(server, kind):
    row = next(row for row in page(server, f"/{kind}/sorted/").rows if row.name == "C10.txt")
    assert (row.size, row.size_title) == ("50 B", "50 bytes")
    assert (row.time, row.time_title) == ("1970-01-01 00:33", "1970-01-01T00:33:20Z")
    [entry] = [entry for entry in entries(server, f"/{kind}/sorted/")["entries"]
               if entry["name"] == "C10.txt"]
    assert entry == {"name": "C10.txt", "type": "file", "size": 50, "href": "C10.txt",
                     "modified": "1970-01-01T00:33:20Z"}


@pytest.mark.parametrize("accept, as_json", [
    (None, False), ("", False), ("*/*", False), ("application/json", True),
    ("Application/JSON", True), ("application/*", True), ("application/json, text/html", False),
    ("application/json, text/html;q=0.9", True), ("text/html;q=0.5, application/json;q=0.4", False),
    ("text/html;q=0.5, application/json;q=0.6", True), ("application/json, */*;q=0.5", True),
    ("*/*, application/json;q=0", False), ("text/html, application/xhtml+xml, */*;q=0.8", False),
    ("image/png", False), ("application/json;q=2", False)], ids=str)
def test_the_form_that_is_preferred(server, kind, accept, as_json):
    fields = [("Accept", accept)] if accept is not None else []
    answer = server.get(f"/{kind}/empty/", headers=fields)
    assert answer["Content-Type"] == (
        "application/json" if as_json else "text/html; charset=utf-8")
    assert answer["Vary"] == "Accept"


def test_an_empty_folder(server, kind):
    answer = server.get(f"/{kind}/empty/")
    assert ListingPage(answer.body).rows == [] and b"This folder is empty." in answer.body
    assert entries(server, f"/{kind}/empty/") == {
        "path": f"/{kind}/empty/", "truncated": False, "entries": []}


def test_only_what_can_be_fetched_is_listed(server, kind):
    """No link that leaves the root, no FIFO, no socket, and not a word of them."""
    expected = {"real": 7, "link-inside": 7, "link-to-folder": None}
    found = entries(server, f"/{kind}/odd/")["entries"]
    assert {entry["name"]: entry.get("size") for entry in found} == expected
    assert {row.name.rstrip("/") for row in page(server, f"/{kind}/odd/").rows} == set(expected)
    for entry in found:
        assert server.get(follow(f"/{kind}/odd/", entry["href"])).status == 200


@pytest.mark.parametrize("options, names", [
    ([], {".well-known", "seen"}), (["--dotfiles"], {".well-known", "seen", ".hidden"})])
def test_dotfiles(start, root, kind, options, names):
    server = start(root, "--listing", *options)
    assert {entry["name"] for entry in entries(server, f"/{kind}/dots/")["entries"]} == names
    assert {row.name.rstrip("/") for row in page(server, f"/{kind}/dots/").rows} == names


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
@pytest.mark.parametrize("headers", [[], JSON], ids=["html", "json"])
def test_http_1_0_is_told_the_end_by_the_end(server, kind, headers, connection):
    """RFC 9112 section 6.3, rule 8."""
    with server.client() as client:
        client.request(f"/{kind}/many/", version="HTTP/1.0",
                       headers=[*headers, ("Connection", connection)])
        answer = client.answer()
    assert (answer["Connection"], answer["Transfer-Encoding"]) == ("close", None)
    assert answer.body == server.get(f"/{kind}/many/", headers=headers).body


@pytest.mark.parametrize("headers", [[], JSON], ids=["html", "json"])
def test_head_is_as_get(server, kind, headers):
    with server.client() as client:
        answers = []
        for method in ("GET", "HEAD"):
            client.request(f"/{kind}/many/", method, headers=headers)
            answers.append(client.answer(method))
        assert fields_but_date(answers[0]) == fields_but_date(answers[1])
        assert len(answers[0].chunks) > 1
        assert fate(client) == KEPT


@pytest.mark.parametrize("field, status", [
    (("If-None-Match", "*"), 304), (("If-None-Match", '"x"'), 200), (("If-Match", "*"), 200),
    (("If-Match", '"x"'), 412), (("If-Modified-Since", "Sun, 06 Nov 2044 08:49:37 GMT"), 200),
    (("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"), 200)])
def test_preconditions(server, kind, field, status):
    """A listing has neither tag nor date, but it is there: RFC 9110 sections 13.1.1 to 13.1.4."""
    for method in ("GET", "HEAD"):
        answer = server.get(f"/{kind}/sorted/", method, headers=[field])
        assert (answer.status, answer["Vary"]) == (status, "Accept")
        assert (answer.body != b"") == (status == 200 and method == "GET")


def test_many_on_one_connection(server, kind):
    with server.client() as client:
        for headers in ([], JSON) * 3:
            client.request(f"/{kind}/many/", headers=headers)
        for number in range(6):
            body = client.answer().body
            assert len(json.loads(body)["entries"] if number % 2 else ListingPage(body).rows) == 500
        client.request(f"/{kind}/empty/", headers=[("Connection", "close")])
        assert client.answer()["Connection"] == "close"
        assert fate(client, CLOSED) == CLOSED


@pytest.mark.parametrize("received", [0, 1, 5000, 40_000])
def test_a_client_that_resets(server, kind, received):
    before = len(descriptors(server.pid))
    for _ in range(3):
        client = Client(server.port, receive_buffer=4096)
        client.request(f"/{kind}/many/")
        while len(client.buffer) < received:
            assert client.receive()
        client.reset()
    wait_for_descriptors(server, before)
    assert len(page(server, f"/{kind}/many/").rows) == 500


def test_what_appears_is_listed_at_once(server, root, kind):
    file = root / kind / "empty/new"
    file.touch()
    try:
        assert [row.name for row in page(server, f"/{kind}/empty/").rows] == ["new"]
    finally:
        file.unlink()
    assert page(server, f"/{kind}/empty/").rows == []
