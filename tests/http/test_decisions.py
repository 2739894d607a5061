"""The access log and --trace tell what served an answer, and what decided that it is not simply
the whole file."""
import os
import re

import pytest

from codings import prose, strong_tag
from observe import wait_until
from serving import serving

GZIP = ("Accept-Encoding", "gzip")
LATER = ("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT")
ROWS = [  # target, fields, status, what served it, what decided
    ("{kind}/page.html", [], 200, "{kind}", ""),
    ("{kind}/page.html", [("Range", "bytes=0-9")], 206, "{kind}", "1 range"),
    ("{kind}/page.html", [("Range", "bytes=0-9,2000-2009,4000-4009")], 206, "{kind}", "3 ranges"),
    ("{kind}/page.html", [("Range", "bytes=9999-")], 416, "memory", "range"),
    ("{kind}/page.html", [("Range", "lines=1-2")], 200, "{kind}", ""),
    ("{kind}/page.html", [("If-None-Match", "*")], 304, "{kind}", "if-none-match"),
    ("{kind}/page.html", [("If-Match", '"other"')], 412, "{kind}", "if-match"),
    ("{kind}/page.html", [LATER], 412, "{kind}", "if-unmodified-since"),
    ("{kind}/page.html", [("If-Modified-Since", "{modified}")], 304, "{kind}",
     "if-modified-since"),
    ("{kind}/ready.txt", [GZIP], 200, "{kind}/gz", ""),
    ("{kind}/ready.txt", [GZIP, ("If-None-Match", "*")], 304, "{kind}/gz", "if-none-match"),
    ("{kind}/ready.txt", [GZIP, ("Range", "bytes=0-1")], 206, "{kind}/gz", "1 range"),
    ("dynamic/page.html", [GZIP], 200, "dynamic/gzip", ""),
    ("dynamic/page.html", [("Accept-Encoding", "zstd")], 200, "dynamic/zstd", ""),
    ("static/page.html", [("Accept-Encoding", "zstd, identity;q=0")], 406, "memory",
     "accept-encoding"),
    ("{kind}/", [], 200, "listing", ""),
    ("{kind}/missing", [("Accept", "text/html")], 200, "static", "fallback"),
    ("{kind}/missing", [], 404, "memory", ""),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("decisions")
    for kind in ("static", "dynamic"):
        (root / kind).mkdir()
        (root / kind / "page.html").write_bytes(prose(5000))
        os.utime(root / kind / "page.html", (1_000_000_000, 1_000_000_000))
        (root / kind / "ready.txt").write_bytes(prose(1000))
        (root / kind / "ready.txt.gz").write_bytes(b"ready")
    (root / "static/app.html").write_text("app")
    return root


@pytest.fixture(scope="module")
def server(root):
    options = ["--listing", "--fallback", "static/app.html", "--access-log", root / "log"]
    with serving(root, "--trace", "--threads", "1", *options) as server:
        yield server


@pytest.mark.parametrize("row", range(len(ROWS)), ids=lambda row: "{2} {3} {4}".format(*ROWS[row]))
def test_decision(server, root, kind, row):
    target, fields, status, engine, decision = ROWS[row]
    strong_tag(server, f"/{kind}/page.html")
    modified = server.get(f"/{kind}/page.html", "HEAD")["Last-Modified"]
    fields = [(name, value.format(modified=modified)) for name, value in fields]
    mark = f"mark-{kind}-{row}"
    engine = engine.format(kind=kind)
    told = rf"^#\d+ {status} {engine}" + (f", {decision}$" if decision else "$")
    before = sum(bool(line and re.search(told, line)) for line in server.stderr_lines)
    with server.client() as client:
        client.request(f"/{target.format(kind=kind)}?{mark}", headers=fields)
        assert client.answer().status == status
    server.wait_for_line(told, count=before + 1)
    [line] = wait_until(lambda: [line for line in (root / "log").read_text().splitlines(True)
                                 if mark in line and line.endswith("\n")], "it is logged")
    assert f'" {status} ' in line
    words = line.rstrip().rsplit('" ', 1)[1].split(" ", 1)[1]
    assert words.startswith(engine), line
    assert words.removeprefix(engine).strip() == decision, line
