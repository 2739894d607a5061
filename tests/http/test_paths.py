"""From a request target to a file: RFC 3986 sections 2 to 5, RFC 9112 section 3.2."""
import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from conftest import AWS, KINDS, write_file
from serving import forbid_openat2, serving

LONG_NAME = "n" * 255
DEEP = "/".join(["d" * 200] * 15)  # with any sane root, still below PATH_MAX

# Beneath each kind's folder; every file holds its own name, so that no other can pass for it.
FILES = ["x.txt", "a b.txt", "a+b.txt", "100%.txt", "%41.txt", "what?.txt", "#1.txt", "semi;colon",
         "quote'\".txt", "back\\slash", "ü.txt", "日本.txt", "h.idden", "line\nfeed", LONG_NAME,
         "folder/index.html", "folder/y.txt", "folder/sub/z.txt", "a folder/y.txt", "empty/sub/z",
         "index.html/x", f"{DEEP}/bottom"]


def write_names(root):
    for kind in KINDS:
        for name in FILES:
            (root / kind / name).parent.mkdir(parents=True, exist_ok=True)
            (root / kind / name).write_text(f"{kind}/{name}")
        (root / kind / os.fsdecode(b"byte\xff")).write_text(f"{kind}/byte")
        (root / kind / "to_file").symlink_to("x.txt")
        (root / kind / "to_folder").symlink_to("folder")
        (root / kind / "up_and_down").symlink_to(f"../{kind}/folder/../x.txt")
        (root / kind / "chain").symlink_to("to_file")
        (root / kind / "loop").symlink_to("loop")
        (root / kind / "dangling").symlink_to("nowhere")
    (root / "dynamic/same.dat").symlink_to("../static/x.txt")
    (root / "dynamic/all").symlink_to("../static")
    (root / "index.html").write_text("front page")
    (root / "other.txt").write_text("in the root, but of no kind")


@pytest.fixture(scope="module", params=[None, forbid_openat2], ids=["openat2", "walk"])
def server(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("paths")
    write_names(root)
    with serving(root, preexec=request.param) as server:
        yield server


@pytest.mark.parametrize("target, name", [
    ("x.txt", "x.txt"),
    ("%78%2etxt", "x.txt"),  # RFC 3986 section 2.1: hexadecimal digits of either case
    ("%78%2Etxt", "x.txt"),
    ("a%20b.txt", "a b.txt"),
    ("a+b.txt", "a+b.txt"),  # a plus is a space in forms only
    ("a%2Bb.txt", "a+b.txt"),
    ("100%25.txt", "100%.txt"),
    ("%2541.txt", "%41.txt"),  # section 2.4: never decoded twice
    ("what%3F.txt", "what?.txt"),
    ("%231.txt", "#1.txt"),
    ("semi;colon", "semi;colon"),
    ("quote'%22.txt", "quote'\".txt"),
    ("back%5cslash", "back\\slash"),
    ("%C3%BC.txt", "ü.txt"),
    ("ü.txt", "ü.txt"),  # raw, as curl sends what its user typed
    ("%E6%97%A5%e6%9c%ac.txt", "日本.txt"),
    ("h.idden", "h.idden"),
    ("line%0Afeed", "line\nfeed"),
    ("byte%FF", "byte"),
    (LONG_NAME, LONG_NAME),
    ("%6E" * 255, LONG_NAME),
    (f"{DEEP}/bottom", f"{DEEP}/bottom"),
    ("folder%2Fy.txt", "folder/y.txt"),
    ("//folder//y.txt", "folder/y.txt"),
    ("x.txt?", "x.txt"),  # the query is no part of the path
    ("x.txt?a=b&c=%zz", "x.txt"),
    ("x.txt?../../other.txt", "x.txt"),
    ("x.txt??", "x.txt"),
    # RFC 3986 section 5.2.4, dot segments; encoded dots are dots (section 2.3)
    ("./x.txt", "x.txt"),
    ("folder/../x.txt", "x.txt"),
    ("folder/%2e%2E/x.txt", "x.txt"),
    ("folder/.%2e/%2e/x.txt", "x.txt"),
    ("folder%2f..%2fx.txt", "x.txt"),
    ("missing/../x.txt", "x.txt"),
    ("to_folder/../x.txt", "x.txt"),
    # Symbolic links inside the root
    ("to_file", "x.txt"),
    ("to_folder/y.txt", "folder/y.txt"),
    ("up_and_down", "x.txt"),
    ("chain", "x.txt"),
    # A folder is its index.html
    ("folder/", "folder/index.html"),
    ("folder/.", "folder/index.html"),
    ("folder/sub/..", "folder/index.html"),
    ("folder/?a=b", "folder/index.html"),
])
def test_served(server, kind, target, name):
    answer = server.get(f"/{kind}/{target}".encode().decode("latin-1"))
    assert (answer.status, answer.body.decode()) == (200, f"{kind}/{name}")


@pytest.mark.parametrize("target, content", [
    ("/dynamic/same.dat", "static/x.txt"),  # a link to the other kind's folder
    ("/dynamic/all/folder/y.txt", "static/folder/y.txt"),
    ("/static/../dynamic/x.txt", "dynamic/x.txt"),
    ("/../static/x.txt", "static/x.txt"),  # section 5.2.4: the root is its own parent
    ("/./static/x.txt", "static/x.txt"),
    ("//static/x.txt", "static/x.txt"),
    ("/static%2Fx.txt", "static/x.txt"),
    ("/%73tatic/x.txt", "static/x.txt"),
    ("/", "front page"),
    ("/?q", "front page"),
    ("/.", "front page"),
    ("/static/..", "front page"),
    # RFC 9112 section 3.2.2, absolute-form
    ("http://localhost/static/x.txt", "static/x.txt"),
    ("HTTP://some.other.host:99/static/x.txt?q", "static/x.txt"),
    ("https://[::1]:1/static/x.txt", "static/x.txt"),
    ("http://localhost", "front page"),
    ("http://localhost?q", "front page"),
    ("http://localhost/", "front page"),
])
def test_served_at_the_roots_level(server, target, content):
    answer = server.get(target)
    assert (answer.status, answer.body.decode()) == (200, content)


@pytest.mark.parametrize("target", [
    "/other.txt", "/index.html", "/favicon.ico", "/missing", "/missing/", "/Static/x.txt",
    "/staticx/x.txt", "/static%20/x.txt", "/stati", "/static/missing", "/static/missing/",
    "/static/x.txt/", "/static/x.txt/.", "/static/x.txt/y", "/static/X.TXT", "/static/dangling",
    "/static/loop", "/static/loop/", "/static/loop/x", "/dynamic/all/missing", "/static/%41.txt",
    f"/static/{LONG_NAME}n", "/static/../other.txt", "/static/x.txt%20", "/static/a%252520b.txt",
    *(pytest.param("/static/" + "a/" * (length // 2 - 4) + "b" * (length % 2), id=f"{length}-bytes")
      for length in (4094, 4095, 4096, 4097, 4104, 8191, 8192)),
    pytest.param("/static/" + "x" * 8184, id="one-name-of-8184-bytes"),
    pytest.param("/static/" + "../missing/" * 740, id="740-dot-segments"),
])
def test_not_there(server, target):
    assert server.get(target).status == 404


@pytest.mark.parametrize("target", [
    "/%", "/static/%", "/static/%7", "/static/%zz", "/static/%2g", "/static/%%20", "/static/% 20",
    "/static/x%00.txt", "/static/%00", "/%00/../static/x.txt",  # no file's name holds a NUL
    "/static/x.txt#top", "/#", "/static/x.txt?a#b",  # RFC 3986 section 3.5: clients keep fragments
    "static/x.txt", "x", "*", "?", "localhost:80", "ftp://localhost/static/x.txt",
    "http://", "http:///static/x.txt", "http://?q", "http:/static/x.txt",
])
def test_malformed(server, target):
    assert server.get(target).status == 400


@pytest.mark.parametrize("target, location", [
    ("/static", "/static/"),
    ("/dynamic", "/dynamic/"),
    ("/static/folder", "/static/folder/"),
    ("/dynamic/folder?a=b&c", "/dynamic/folder/?a=b&c"),
    ("/static/folder?", "/static/folder/?"),
    ("/static/to_folder", "/static/to_folder/"),
    ("/static/a%20folder", "/static/a%20folder/"),
    ("//static//folder", "/static/folder/"),  # never //host: that would lead elsewhere
    ("/static/empty/../folder", "/static/folder/"),
    ("http://localhost/static/folder", "/static/folder/"),
])
def test_a_folder_without_its_slash_redirects(server, target, location):
    for method in ("GET", "HEAD"):
        answer = server.get(target, method)
        assert (answer.status, answer["Location"]) == (301, location), method


@pytest.mark.parametrize("folder", ["", "empty/", "a%20folder/", "index.html/", "empty/sub/.."])
def test_a_folder_without_index_is_not_listed(server, kind, folder):
    assert server.get(f"/{kind}/{folder}").status == 403


def test_without_a_front_page(start, make_file):
    make_file("static/x", 1)
    assert start().get("/").status == 404


@pytest.mark.parametrize("special", ["fifo", "socket", "device"])
def test_what_is_no_file_is_not_there_and_blocks_nobody(start, make_file, tmp_path, kind, special):
    make_file(f"{kind}/x", 1)
    path = tmp_path / kind / special
    if special == "fifo":
        os.mkfifo(path)
    elif special == "socket":
        folder = os.open(path.parent, os.O_PATH)  # an address of 108 bytes may not hold the path
        socket.socket(socket.AF_UNIX).bind(f"/proc/self/fd/{folder}/{special}")
        os.close(folder)
    else:
        try:
            os.mknod(path, 0o020666, os.makedev(1, 5))  # /dev/zero never ends
        except PermissionError:
            pytest.skip("only root makes device nodes")
    server = start(tmp_path, "--threads", "1")
    with server.client(timeout=10) as client, server.client(timeout=10) as other:
        client.request(f"/{kind}/{special}")
        other.request(f"/{kind}/x")
        assert client.answer().status == 404
        assert other.answer().status == 200
    assert server.get(f"/{kind}/{special}", "HEAD").status == 404


def test_what_may_not_be_read_is_forbidden(start, kind):
    """Root may read everything, so a server that root starts drops its privileges first."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        top.chmod(0o755)
        for path, mode in (("private.txt", 0o000), ("private/x.txt", 0o644), ("x.txt", 0o644)):
            write_file(top / kind / path, 5)
            (top / kind / path).chmod(mode)
        (top / kind / "private").chmod(0o700 if os.geteuid() == 0 else 0o000)
        wrapper = []
        if os.geteuid() == 0:
            wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        server = start(top, binary=shutil.copy(AWS, top / "aws"), wrapper=wrapper)
        statuses = {path: server.get(f"/{kind}/{path}").status
                    for path in ("private.txt", "private/x.txt", "private/", "x.txt")}
        server.stop()
        (top / kind / "private").chmod(0o755)
    assert statuses == {"private.txt": 403, "private/x.txt": 403, "private/": 403, "x.txt": 200}
