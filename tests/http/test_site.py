"""What an operator chooses of the answers: fields, media types, a page for navigations."""
import os
import re
import subprocess

import pytest

from client import request_bytes
from codings import fields_but_date, strong_tag
from conftest import AWS
from serving import serving

OPTIONS = ["--listing", "--dotfiles", "--no-precompressed", "--no-compress", "--cors",
           "--default-type", "--types", "--fallback", "--cache-control", "--header"]
EVERY_SORT = [  # a request of every sort, and its answer's status
    (request_bytes("/static/x.txt"), 200), (request_bytes("/dynamic/x.txt", "HEAD"), 200),
    (request_bytes("/static/x.txt", headers=[("Range", "bytes=0-1")]), 206),
    (request_bytes("/static/x.txt", headers=[("If-None-Match", "*")]), 304),
    (request_bytes("/static/x.txt", headers=[("If-Match", '"no"')]), 412),
    (request_bytes("/static/x.txt", headers=[("Range", "bytes=999-")]), 416),
    (request_bytes("/static/x.txt", headers=[("Accept-Encoding", "*;q=0")]), 406),
    (request_bytes("/static"), 301), (request_bytes("/static/"), 200),
    (request_bytes("/dynamic/bare/"), 200), (request_bytes("/missing"), 404),
    (request_bytes("*", "OPTIONS"), 204), (request_bytes("/static/x.txt", "DELETE"), 405),
    (request_bytes("/%"), 400), (b"nonsense\r\n\r\n", 400),
    (request_bytes("/", headers=[("Expect", "x")]), 417),
    (request_bytes("/" + "x" * 9000), 414), (request_bytes("/", version="HTTP/2.0"), 505),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    for kind in ("static", "dynamic"):
        for name in ("x.txt", "app.js", "deep/app.js", "data.foo", "page.html", "none", "a.b.html"):
            (root / kind / name).parent.mkdir(parents=True, exist_ok=True)
            (root / kind / name).write_text(f"{kind}/{name}" * 20)
        (root / kind / "bare").mkdir()
        (root / kind / "index.html").write_text("index")
    (root / "app.html").write_text("<p>the application</p>" * 20)
    os.utime(root / "app.html", (1_000_000_000, 1_000_000_000))
    return root


def refusal(*options):
    """The one line with which a command line is refused."""
    done = subprocess.run([AWS, "--root", "/tmp", "--port", "0", *options], capture_output=True,
                          text=True, timeout=5, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert done.stderr.startswith("aws: ") and "--help" in done.stderr
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.stderr), done
    return done.stderr


def answers_of_every_sort(server):
    for data, status in EVERY_SORT:
        with server.client() as client:
            client.send(data)
            answer = client.answer("HEAD" if data.startswith(b"HEAD") else "GET")
            assert answer.status == status, data
            yield answer


def test_the_options_are_in_the_help():
    text = subprocess.run([AWS, "--help"], capture_output=True, text=True, check=True).stdout
    assert not [name for name in OPTIONS if not re.search(rf"^  {name}\b", text, re.MULTILINE)]


def test_every_answer_is_marked_nosniff(start, root):
    for answer in answers_of_every_sort(start(root, "--listing")):
        assert answer["X-Content-Type-Options"] == "nosniff"


# ---- --header


def test_headers_are_in_every_answer(start, root):
    server = start(root, "--listing", "--header", "X-One: 1", "--header", "x-Two:  two words\t",
                   "--header", "X-Empty:", "--header", "X-Umlaut: ü",
                   "--header", 'Content-Security-Policy: default-src "self"; a=b, c')
    for answer in answers_of_every_sort(server):
        assert (answer["X-One"], answer["X-Two"], answer["X-Empty"]) == ("1", "two words", "")
        assert answer["X-Umlaut"].encode("latin-1").decode() == "ü"
        assert answer["Content-Security-Policy"] == 'default-src "self"; a=b, c'


@pytest.mark.parametrize("field", [
    "", ":", ": x", "no colon", "X Y: z", "X : y", " X: y", "X\t: y", "Ü: x", "X(y): z", "X: a\nb",
    "X: a\r\nY: b", "X: a\x01b", "X: \x7f", "X\n: y", "no colon\nand two lines", "\x1b[31mred"],
    ids=ascii)
def test_a_header_that_is_none(field):
    assert "--header" in refusal("--header", field)


@pytest.mark.parametrize("name", [
    "Content-Length", "content-length", "Transfer-Encoding", "Connection", "Content-Type",
    "Content-Encoding", "Content-Range", "Date", "ETag", "Last-Modified", "Server", "Keep-Alive",
    "Accept-Ranges", "Location", "Allow", "Trailer", "Upgrade"])
def test_a_header_that_the_server_says_itself(name):
    """A second one would contradict the first, or promise what no answer keeps."""
    assert name in refusal("--header", f"{name}: 1")


# ---- --cache-control


RULES = ["/static/deep/*=max-age=1", "*.js=public, max-age=31536000, immutable",
         "/dynamic/*=no-store", "*/index.html=no-cache"]


@pytest.mark.parametrize("target, value", [
    ("/static/deep/app.js", "max-age=1"),  # the first that matches
    ("/static/app.js", "public, max-age=31536000, immutable"),
    ("/dynamic/deep/app.js", "public, max-age=31536000, immutable"),  # '*' is slashes, too
    ("/dynamic/x.txt", "no-store"),
    ("/dynamic/", "no-store"),
    ("/static/", "no-cache"),  # what is served is index.html
    ("/static/x.txt", None),
    ("/static/app.js?x=.txt", "public, max-age=31536000, immutable"),  # the query does not count
    ("/static/x.txt?.js", None),
    ("/static/%61pp.js", "public, max-age=31536000, immutable"),
])
def test_cache_control(start, root, target, value):
    server = start(root, *(word for rule in RULES for word in ("--cache-control", rule)))
    file = target.split("?")[0] + ("index.html" if target.endswith("/") else "")
    tag = strong_tag(server, file)
    for method, fields, status in (("GET", [], 200), ("HEAD", [], 200),
                                   ("GET", [("Range", "bytes=0-1")], 206),
                                   ("GET", [("If-None-Match", tag)], 304)):
        answer = server.get(target, method, fields)
        assert (answer.status, answer["Cache-Control"]) == (status, value)


def test_no_error_is_to_be_kept(start, root):
    """Nor what is no file: a 404 with max-age would outlive the file's coming."""
    server = start(root, "--cache-control", "*=max-age=99", "--listing")
    for answer in answers_of_every_sort(server):
        assert answer["Cache-Control"] == ("max-age=99" if answer.status in (200, 206, 304)
                                           and answer["Vary"] != "Accept" else None)


@pytest.mark.parametrize("rule", ["", "x", "=x", "x=", "*=a\nb", "*=a\x01", "a\nb", "\x1b=x"],
                         ids=ascii)
def test_a_cache_rule_that_is_none(rule):
    assert "--cache-control" in refusal("--cache-control", rule)


# ---- --default-type and --types


def test_default_type(start, root, kind):
    server = start(root, "--default-type", "text/x-unknown")
    assert server.get(f"/{kind}/none")["Content-Type"] == "text/x-unknown; charset=utf-8"
    assert server.get(f"/{kind}/data.foo")["Content-Type"] == "text/x-unknown; charset=utf-8"
    assert server.get(f"/{kind}/app.js")["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("value", ["", "text", "text/", "/plain", "a/\nb", "text/x\x01"], ids=ascii)
def test_a_default_type_that_is_none(value):
    assert "--default-type" in refusal("--default-type", value)


def test_types(start, root, kind, tmp_path):
    types = tmp_path / "types"
    types.write_text("# a comment\n\napplication/x-foo\tfoo  FOO2 # and another\n"
                     "text/x-script js\nimage/x-none\ntext/html; charset=latin1 html\n")
    server = start(root, "--types", types)
    assert server.get(f"/{kind}/data.foo")["Content-Type"] == "application/x-foo"
    assert server.get(f"/{kind}/app.js")["Content-Type"] == "text/x-script; charset=utf-8"
    assert server.get(f"/{kind}/x.txt")["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("start_of_file", [b"application/x-foo foo\n", b"# a comment\napplication/x-foo foo\n"],
                         ids=["a type", "a comment"])
def test_a_byte_order_mark_before_the_types_is_skipped(start, root, kind, tmp_path, start_of_file):
    types = tmp_path / "types"
    types.write_bytes(b"\xef\xbb\xbf" + start_of_file)
    server = start(root, "--types", types)
    assert server.get(f"/{kind}/data.foo")["Content-Type"] == "application/x-foo"


@pytest.mark.parametrize("path", ["/no/such/file", "/tmp"])
def test_types_of_no_file(path):
    assert path in refusal("--types", path)


# ---- --fallback


@pytest.fixture(scope="module")
def application(root):
    with serving(root, "--fallback", "app.html", "--listing", "--cache-control",
                 "*/app.html=no-cache") as server:
        yield server


BROWSER = [("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")]


@pytest.mark.parametrize("target", ["/users/7", "/users/7/", "/static/missing", "/dynamic/a/b?c.d",
                                    "/v1.2/users", "/missing"])
def test_a_navigation_gets_the_page(application, root, target):
    answer = application.get(target, headers=BROWSER)
    assert (answer.status, answer.body) == (200, (root / "app.html").read_bytes())
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    assert answer["ETag"] and answer["Last-Modified"]


@pytest.mark.parametrize("target, accept", [
    ("/users/7", None), ("/users/7", "*/*"), ("/users/7", "image/avif,image/*,*/*;q=0.8"),
    ("/users/7", "application/json"), ("/users/7", "text/html;q=0"), ("/users/7", "text/*"),
    ("/app.js", BROWSER[0][1]), ("/static/logo.png", BROWSER[0][1]),
    ("/users/7.html", BROWSER[0][1]), ("/users/.hidden", BROWSER[0][1])], ids=str)
def test_all_else_is_missing(application, target, accept):
    answer = application.get(target, headers=[("Accept", accept)] if accept else [])
    assert (answer.status, answer["Cache-Control"]) == (404, None)


@pytest.mark.parametrize("target, status", [("/static/x.txt", 200), ("/static", 301),
                                            ("/static/bare/", 200), ("/static/", 200), ("/%", 400)])
def test_what_is_there_is_not_replaced(application, root, target, status):
    answer = application.get(target, headers=BROWSER)
    assert (answer.status, answer.body != (root / "app.html").read_bytes()) == (status, True)


def test_a_fallback_is_a_file_like_others(application):
    page = application.get("/users/7", headers=BROWSER)
    head = application.get("/users/7", "HEAD", BROWSER)
    assert fields_but_date(head) == fields_but_date(page)
    answer = application.get("/other", headers=[*BROWSER, ("If-None-Match", page["ETag"])])
    assert answer.status == 304
    answer = application.get("/other", headers=[*BROWSER, ("Range", "bytes=0-2")])
    assert (answer.status, answer.body) == (206, b"<p>")


@pytest.mark.parametrize("target", ["/users/7", "/missing"])
def test_a_cache_is_told_that_accept_decides(application, target):
    """RFC 9110 section 12.5.5, for both answers: or a cache would give the page to a client that asks for a
    picture, and the 404 to a navigation."""
    for headers in (BROWSER, []):
        vary = [value for name, value in application.get(target, headers=headers).fields
                if name == "vary"]
        assert re.search(r"\baccept\b(?!-)", ",".join(vary).lower()), vary


def test_a_fallback_that_is_missing(start, root):
    server = start(root, "--fallback", "nowhere.html")
    server.wait_for_line("--fallback nowhere.html: there is no such file beneath the root")
    assert server.get("/users/7", headers=BROWSER).status == 404


def test_a_fallback_beneath_a_kind(start, root, kind):
    server = start(root, "--fallback", f"{kind}/page.html")
    answer = server.get("/users/7", headers=BROWSER)
    assert answer.body == (root / kind / "page.html").read_bytes()


def test_a_fallback_never_leaves_the_root(start, root):
    (root.parent / "outside-of-site.html").write_text("not yours")
    server = start(root, "--fallback", "../outside-of-site.html")
    assert server.get("/users/7", headers=BROWSER).status == 404
