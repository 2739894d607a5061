"""Transfers that are slow, of unusual size, or cut off."""
from __future__ import annotations

import os

from grader.check import CROWD, LARGE, extra
from grader.checks.extra_connections import BOTH, begin
from grader.checks.quiet import must_be_quiet
from grader.errors import Failed
from grader.workspace import EXTRA_SIZES


def slow_reader(run, target):
    server = run.start(plan=None)
    with begin(run, target) as slow:
        others = [f"/{kind}/small{number:02d}.dat" for kind in ("static", "dynamic") for number in range(15)]
        run.must_get(*others, "/static/large00.dat", "/dynamic/large00.dat", expected="beside a client that does not read")
        run.must_be_file(target, slow.response(), "for a client that read it late")
    server.must_be_alive("a slow reader")


@extra("x-slow-static", "A slow reader of a static file", needs=LARGE + CROWD,
       why="In 9 of 19 public servers one slow reader held up all other clients.", rule="sendfile(2), EAGAIN; epoll(7), EPOLLOUT")
def slow_static(run):
    slow_reader(run, "/static/huge.dat")


@extra("x-slow-dynamic", "A slow reader of a dynamic file", needs=LARGE + CROWD,
       why="In 10 of 19 public servers a slow reader never got the whole file.", rule="send(2), EAGAIN; epoll(7), EPOLLOUT")
def slow_dynamic(run):
    slow_reader(run, "/dynamic/huge.dat")


@extra("x-empty", "An empty file", needs=("x-closes",), why="sendfile and read return 0 for it, which is neither an error nor progress.",
       rule="RFC 9110, section 8.6: Content-Length may be 0; sendfile(2), read(2)")
def empty(run):
    server = run.start(plan=None)
    for target in ("/static/size0.dat", "/dynamic/size0.dat"):
        run.must_be_file(target, run.get(target))
        with run.connect() as connection:
            connection.send(f"GET {target} HTTP/1.0\r\n\r\n".encode())
            connection.rest()
        if connection.ended == "silence":
            raise Failed(f"the end of the connection after {target}", "the answer, and the connection stays open")
    server.must_be_alive("empty files")


@extra("x-sizes", "Files of one byte, and of exactly one buffer, two, and one byte more or less", needs=CROWD,
       why="A loop that ends by comparing with the buffer's size is wrong at exactly that size.",
       rule="assignment: the client gets the file, byte by byte; Content-Length is exact")
def sizes(run):
    run.start(plan=None)
    run.must_get(*(f"/{kind}/size{size}.dat" for size in EXTRA_SIZES if size for kind in ("static", "dynamic")))


def shrinking(run, kind):
    name = "x-shrinking.dat"
    run.file(name, run.workspace.content("huge.dat"))
    server = run.start(plan=None)
    with begin(run, f"/{kind}/{name}") as connection:
        os.truncate(run.workspace.site / "static" / name, 50_000)
        response = connection.response()
    must_break_off(response, "the file becomes shorter while it is sent")
    server.must_be_alive("a file that became shorter")
    must_be_quiet(run, server, "no client asks, after a file became shorter")
    run.must_get(*BOTH)


def must_break_off(response, when):
    if response.ended not in ("eof", "reset"):
        raise Failed(f"the end of the connection when {when}", response.describe())
    if response.content_length and len(response.body) >= response.content_length:
        raise Failed(f"no more bytes than there are when {when}", response.describe())


@extra("x-shrinking-static", "A static file that becomes shorter", needs=LARGE, rule="sendfile(2): 0 at the end of the file",
       why="sendfile returns 0 for bytes that are gone: a loop until all is sent never ends.")
def shrinking_static(run):
    shrinking(run, "static")


@extra("x-shrinking-dynamic", "A dynamic file that becomes shorter", needs=LARGE, rule="read(2): 0 at the end of the file",
       why="A read returns 0 for bytes that are gone: what is in the buffer then is an older block, or another's.")
def shrinking_dynamic(run):
    shrinking(run, "dynamic")


def zero(run, plan, target):
    """From the second call on nothing comes, as at the end of a file that was cut off."""
    server = run.start(plan=plan)
    must_break_off(run.get(target), f"{plan.split(':')[0]} returns 0")
    server.must_be_alive("transfers of length 0")
    must_be_quiet(run, server, "no client asks, after transfers of length 0")


@extra("x-zero-sendfile", "sendfile that returns 0", needs=LARGE, why="0 is neither an error nor progress: a loop that tries again never ends.",
       rule="sendfile(2): 0 at the end of the file")
def zero_sendfile(run):
    zero(run, "sendfile:zero@2+; sendfile:max=65536", "/static/large00.dat")


@extra("x-zero-read", "A read that completes with 0", needs=LARGE,
       why="0 is neither an error nor progress: a loop that tries again never ends.", rule="io_getevents(2), res; read(2)")
def zero_read(run):
    zero(run, "completion:zero@@2+", "/dynamic/large00.dat")
