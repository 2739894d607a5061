"""The fields of an answer and the pages of an error: RFC 9110 sections 5, 6.6, 8 and 10."""
import os
import re
import time
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

import pytest

from client import request_bytes
from conftest import write_file
from serving import CLOSED, KEPT, fate, serving

IMF_FIXDATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d GMT")
TYPES = {
    "page.html": "text/html; charset=utf-8",
    "page.htm": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "script.js": "text/javascript; charset=utf-8",  # RFC 9239 section 3
    "module.mjs": "text/javascript; charset=utf-8",
    "notes.txt": "text/plain; charset=utf-8",
    "table.csv": "text/csv; charset=utf-8",
    "data.json": "application/json",
    "source.map": "application/json",
    "app.webmanifest": "application/manifest+json",
    "code.wasm": "application/wasm",
    "drawing.svg": "image/svg+xml",
    "picture.png": "image/png",
    "photo.jpeg": "image/jpeg",
    "photo.JPG": "image/jpeg",  # whatever its case
    "PAGE.HTML": "text/html; charset=utf-8",
    "film.mp4": "video/mp4",
    "letters.woff2": "font/woff2",
    "paper.pdf": "application/pdf",
    "block.dat": "application/octet-stream",
    "archive.tar.gz": "application/gzip",  # the last extension counts
    "what.unknown-extension": "application/octet-stream",
    "none": "application/octet-stream",
    "ends.": "application/octet-stream",
    "folder.html/none": "application/octet-stream",
    ".html": "text/html; charset=utf-8",
}
ERRORS = {  # what is sent, the status, and how it is said
    301: (request_bytes("/static"), "Moved Permanently"),
    400: (b"GET /static/x HTTP/1.1\r\n\r\n", "Bad Request"),
    403: (request_bytes("/static/"), "Forbidden"),
    404: (request_bytes("/static/missing"), "Not Found"),
    405: (request_bytes("/static/none", "DELETE"), "Method Not Allowed"),
    414: (request_bytes("/" + "x" * 9000), "URI Too Long"),
    417: (request_bytes("/", headers=[("Expect", "x")]), "Expectation Failed"),
    431: (request_bytes("/", headers=[("X", "x" * 40_000)]), "Request Header Fields Too Large"),
    501: (request_bytes("/", "BREW"), "Not Implemented"),
    505: (request_bytes("/", version="HTTP/2.0"), "HTTP Version Not Supported"),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("answers")
    for kind in ("static", "dynamic"):
        for name in TYPES:
            write_file(root / kind / name, 10)
    return root


@pytest.fixture(scope="module")
def server(root):
    with serving(root) as server:
        yield server


def fields_of(answer):
    return {name for name, _ in answer.fields}


@pytest.mark.parametrize("name", TYPES)
def test_content_type(server, kind, name):
    assert server.get(f"/{kind}/{name}")["Content-Type"] == TYPES[name]


def test_a_file_has_these_fields_and_no_others(server, kind):
    with server.client() as client:
        client.request(f"/{kind}/none")
        answer = client.answer()
    assert (answer.version, answer.status, answer.reason) == ("HTTP/1.1", 200, "OK")
    assert sorted(name for name, _ in answer.fields) == [
        "accept-ranges", "content-length", "content-type", "date", "etag", "last-modified",
        "server", "x-content-type-options"]


@pytest.mark.parametrize("target", ["/static/none", "/dynamic/none", "/missing", "/static/%"])
def test_date_is_now(server, target):  # RFC 9110 sections 5.6.7 and 6.6.1
    before = int(time.time())
    answer = server.get(target)
    after = int(time.time())
    assert IMF_FIXDATE.fullmatch(answer["Date"]), answer
    assert before <= parsedate_to_datetime(answer["Date"]).timestamp() <= after


def test_date_moves_on(server):
    with server.client() as client:
        client.request("/static/none")
        first = client.answer()["Date"]
        date = first
        while date == first:
            assert time.time() < parsedate_to_datetime(first).timestamp() + 5, "Date stands still"
            client.request("/static/none", "HEAD")
            date = client.answer("HEAD")["Date"]
        assert parsedate_to_datetime(date) > parsedate_to_datetime(first)


@pytest.mark.parametrize("modified, text", [
    (784111777, "Sun, 06 Nov 1994 08:49:37 GMT"),  # RFC 9110's own example
    (784111777.999, "Sun, 06 Nov 1994 08:49:37 GMT"),
    (0, None),  # the epoch is what builds set to say nothing
    (951827696, "Tue, 29 Feb 2000 12:34:56 GMT"),
])
def test_last_modified_is_the_files_time(server, root, kind, modified, text):  # section 8.8.2
    os.utime(root / kind / "none", (modified, modified))
    for method in ("GET", "HEAD"):
        assert server.get(f"/{kind}/none", method)["Last-Modified"] == text


def test_last_modified_is_never_in_the_future(server, root, kind):
    """RFC 9110 section 8.8.2.1: never later than the answer's own Date."""
    os.utime(root / kind / "ends.", (time.time() + 1e6,) * 2)
    assert server.get(f"/{kind}/ends.")["Last-Modified"] is None


@pytest.mark.parametrize("version, sent, received", [
    ("HTTP/1.1", None, None),
    ("HTTP/1.1", "keep-alive", None),
    ("HTTP/1.1", "close", "close"),
    ("HTTP/1.0", None, "close"),
    ("HTTP/1.0", "keep-alive", "keep-alive"),
    ("HTTP/1.0", "close", "close"),
])
@pytest.mark.parametrize("target", ["/static/none", "/dynamic/none", "/missing"])
def test_connection_is_said_where_it_is_news(server, target, version, sent, received):
    with server.client() as client:
        client.request(target, version=version, headers=[("Connection", sent)] if sent else [])
        assert client.answer()["Connection"] == received
        expected = CLOSED if received == "close" else KEPT
        assert fate(client, expected) == expected


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_no_keep_alive(start, make_file, kind, tmp_path, version):
    make_file(f"{kind}/x", 10)
    server = start(tmp_path, "--no-keep-alive")
    for target in (f"/{kind}/x", "/missing"):
        with server.client() as client:
            client.request(target, version=version, headers=[("Connection", "keep-alive")])
            assert client.answer()["Connection"] == "close"
            assert client.at_end()


class Page(HTMLParser):
    """Fails on a tag that is not closed, or not in turn. Keeps each element's text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], {}
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> out of turn"

    def handle_data(self, data):
        if data.strip():
            self.text[self.open[-1]] = data


@pytest.mark.parametrize("status", ERRORS)
def test_an_error_is_a_page(server, status):
    data, reason = ERRORS[status]
    with server.client() as client:
        client.send(data)
        answer = client.answer()  # by Content-Length, so a wrong one shows below
        assert (answer.status, answer.reason) == (status, reason)
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        assert answer["Server"] == "aws"
        assert "last-modified" not in fields_of(answer)
        assert answer.body.startswith(b"<!DOCTYPE html>\n") and answer.body.endswith(b"</html>\n")
        page = Page(answer.body.decode())
        assert page.text["title"] == page.text["h1"] == f"{status} {reason}"
        assert len(page.text["p"]) > 10, "it says what is wrong"
        expected = CLOSED if answer["Connection"] == "close" else KEPT
        assert fate(client, expected) == expected


def test_an_error_page_repeats_nothing_the_client_sent(server):
    answer = server.get("/<script>alert(1)</script>?<b>")
    assert answer.status == 404
    assert b"alert" not in answer.body and b"<b>" not in answer.body


@pytest.mark.parametrize("field", [
    ("Range", "lines=0-1"), ("Accept", "image/png"), ("Accept-Encoding", "compress"),
    ("TE", "trailers"),
])
def test_what_is_not_offered_is_ignored(server, kind, field):
    # RFC 9110 sections 12.1 and 14.2
    answer = server.get(f"/{kind}/none", headers=[field])
    assert (answer.status, len(answer.body)) == (200, 10)
    assert not fields_of(answer) & {"content-range", "content-encoding"}
