"""Names that lead where nothing is to be served: outside, to directories, to pipes, to nothing."""
from __future__ import annotations

import os

from grader.check import CROWD, REFUSES, extra
from grader.client import request_bytes
from grader.errors import Failed

SPELLINGS = (
    "/../secret.txt", "/static/../../secret.txt", "/static/../secret.txt", "/dynamic/../../secret.txt",
    "/static/%2e%2e/%2e%2e/secret.txt", "/static/..%2f..%2fsecret.txt", "/static/./.././../secret.txt",
    "/static//../../secret.txt", "/static/small00.dat/../../../secret.txt",
)
NOT_A_FILE = (301, 302, 307, 308, 403, 404)


def must_keep_secret(run, targets):
    server = run.start(plan=None)
    for target in targets:
        with run.connect() as connection:
            connection.send(request_bytes(target, extra="Connection: close\r\n"))
            answer = connection.response()
        if run.workspace.secret in answer.raw:
            raise Failed(f"nothing from outside static/ and dynamic/ for {target}", "the file's content")
        server.must_be_alive(f"a request for {target}")
    run.must_get("/static/small00.dat")


@extra("x-outside-dotdot", "Paths with .. do not lead outside",
       why="Of 19 public servers 19 gave away files beside the document root: keys, passwords, other students' work.",
       rule="assignment: files are only found in static/ and dynamic/; RFC 9110, section 17.3; path_resolution(7)")
def outside_dotdot(run):
    must_keep_secret(run, SPELLINGS)


@extra("x-outside-links", "Symbolic links do not lead outside",
       why="One careless link in static/ must not open the whole disk.",
       rule="assignment: files are only found in static/ and dynamic/; openat2(2) RESOLVE_BENEATH, realpath(3)")
def outside_links(run):
    secret = run.workspace.box / "secret.txt"
    for kind in ("static", "dynamic"):
        run.link(f"{kind}/x-relative", "../../secret.txt")
        run.link(f"{kind}/x-absolute", str(secret))
        run.link(f"{kind}/x-directory", "../..")
    must_keep_secret(run, [f"/{kind}/{name}" for kind in ("static", "dynamic")
                           for name in ("x-relative", "x-absolute", "x-directory/secret.txt")])


def must_refuse(run, target):
    with run.connect() as connection:
        connection.send(request_bytes(target, extra="Connection: close\r\n"))
        response = connection.head()
    if response.status not in NOT_A_FILE:
        raise Failed(f"404, 403 or a redirect for {target}", response.describe())


@extra("x-directory", "A directory is no file", needs=REFUSES,
       why="open(2) opens a directory, and then no read of it works: the client waits for ever.",
       rule="assignment: 404 for invalid paths; fstat(2), S_ISREG")
def directory(run):
    run.directory("static/x-directory")
    run.directory("dynamic/x-directory")
    server = run.start(plan=None)
    for target in ("/static/", "/static/x-directory", "/static/x-directory/", "/dynamic/", "/dynamic/x-directory"):
        must_refuse(run, target)
    server.must_be_alive("requests for directories")
    run.must_get("/static/small00.dat", "/dynamic/small00.dat")


@extra("x-fifo", "A FIFO does not hold the server up", needs=REFUSES + CROWD,
       why="open(2) of a FIFO waits for its other end, and the whole server with it.",
       rule="fifo(7); open(2), O_NONBLOCK; fstat(2), S_ISREG")
def fifo(run):
    path = run.place("static/x-fifo")
    os.mkfifo(path)
    os.chmod(path, 0o666)
    run.start(plan=None)
    with run.connect() as connection:
        connection.send(request_bytes("/static/x-fifo", extra="Connection: close\r\n"))
        run.must_get("/static/small00.dat", expected="while another client asks for a FIFO")
        response = connection.head()
    if response.status not in (403, 404):
        raise Failed("404 or 403 for a FIFO", response.describe())


@extra("x-404-framed", "The client can tell where a 404 ends", needs=(*REFUSES, "c21-path-404"),
       why="Without a length, and without the end of the connection, the client waits until it gives up.",
       rule="RFC 9112, section 6.3")
def framed_404(run):
    run.start(plan=None)
    for target in ("/static/missing", "/dynamic/missing", "/xyzt/missing"):
        response = run.get(target)
        if response.status != 404 or not response.framed:
            raise Failed(f"404 for {target}, and an end that can be told", response.describe())


@extra("x-long-path", "A long path does no harm", needs=REFUSES,
       why="A path that does not fit where it is copied overwrites what lies behind.",
       rule="path_resolution(7): PATH_MAX, NAME_MAX; RFC 9110, section 15.5.15 (414)")
def long_path(run):
    server = run.start(plan=None)
    for length in (200, 255, 256, 257, 512, 1024, 2048, 4096, 7000, 20000):
        target = "/static/" + "x" * length
        with run.connect() as connection:
            connection.send(request_bytes(target, extra="Connection: close\r\n"))
            response = connection.head()
        server.must_be_alive(f"a path of {length} characters")
        if response.status == 200 or (response.status is None and response.ended == "silence"):
            raise Failed(f"404, 414 or another refusal of a path of {length} characters", response.describe())
    run.must_get("/static/small00.dat")


@extra("x-head", "HEAD brings no body, if it is offered",
       why="A body that the client does not expect is taken for the next answer.",
       rule="RFC 9110, section 9.3.2; a server need not offer HEAD here, and may refuse it")
def head(run):
    run.start(plan=None)
    for target in ("/static/small00.dat", "/dynamic/small00.dat"):
        with run.connect() as connection:
            connection.send(request_bytes(target, "HEAD", extra="Connection: close\r\n"))
            response = connection.response(head_only=True)
            rest = connection.rest()
        if response.status is None and response.ended != "silence" and not response.raw:
            continue  # closed: refused without a word
        if response.status is None or response.ended == "silence":
            raise Failed(f"an answer to HEAD {target}", response.describe())
        if response.status == 200 and (rest or response.content_length not in (None, 2048)):
            raise Failed(f"the head alone for HEAD {target}", f"{response.describe()}, and {len(rest)} bytes more")
