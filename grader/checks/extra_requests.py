"""Requests that come otherwise than in one piece."""
from __future__ import annotations

from grader.check import CROWD, LARGE, extra
from grader.client import request_bytes
from grader.errors import Failed

PIECES = 5
READABLE_REQUEST_BYTES = 3000
HUGE_REQUEST_BYTES = 100_000
SMALL_BUFFER = 4096


def send_and_wait(run, connection, data):
    """Sends, and waits until the server has read it: so each piece is a recv of its own."""
    connection.send(data)
    run.must_wait_until(lambda: run.server.has_read(connection.port), "the server reads what has come of a request",
                        "it leaves it unread")


@extra("x-split", "A request in several pieces",
       why="TCP is a stream: a request may come in any number of pieces, with any time between them.",
       rule="recv(2); tcp(7); RFC 9112, section 2.2")
def split(run):
    server = run.start(plan=None)
    for target in ("/static/small01.dat", "/dynamic/small02.dat"):
        request = request_bytes(target)
        places = sorted(run.random.sample(range(1, len(request)), PIECES - 2) + [len(request) - 2])
        with run.connect() as connection:
            for begin, end in zip([0] + places, places):
                send_and_wait(run, connection, request[begin:end])
                server.settle()
            connection.send(request[places[-1]:])
            run.must_be_file(target, connection.response(), f"for a request in {PIECES} pieces")


@extra("x-interleaved", "Two requests, byte by byte in turn", needs=(*CROWD, "x-split"),
       why="What has come of one client's request must not be mixed with another's.",
       rule="assignment: each connection has a state of its own; epoll(7)")
def interleaved(run):
    run.start(plan=None)
    targets = ("/static/small03.dat", "/dynamic/small04.dat")
    requests = [request_bytes(target) for target in targets]
    with run.connect() as first, run.connect() as second:
        for at in range(max(map(len, requests))):
            for connection, request in zip((first, second), requests):
                if at < len(request) - 1:
                    send_and_wait(run, connection, request[at:at + 1])
        for connection, request, target in zip((first, second), requests, targets):
            connection.send(request[-1:])
            run.must_be_file(target, connection.response(), "for a request whose bytes alternate with another's")


@extra("x-big-head", "A request of some thousand bytes",
       why="Browsers send cookies: 3000 bytes are nothing unusual, and 100,000 are what an attacker tries.",
       rule="RFC 9110, section 5.4; RFC 6585, section 5 (431)")
def big_head(run):
    server = run.start(plan=None)
    filler = "X-Filler: " + "f" * 90 + "\r\n"
    target = "/static/small05.dat"
    with run.connect() as connection:
        connection.send(request_bytes(target, extra=filler * (READABLE_REQUEST_BYTES // len(filler))))
        run.must_be_file(target, connection.response(), f"for a request of {READABLE_REQUEST_BYTES} bytes")
    with run.connect() as connection:
        connection.send(request_bytes(target, extra=filler * (HUGE_REQUEST_BYTES // len(filler))))
        response = connection.head()
        if response.status is None and response.ended == "silence":
            raise Failed(f"an answer to a request of {HUGE_REQUEST_BYTES} bytes, or the end", "silence")
    server.must_be_alive(f"a request of {HUGE_REQUEST_BYTES} bytes")
    run.must_get(target)


@extra("x-pipelined", "Bytes behind the request", needs=LARGE,
       why="close(2) of a socket with unread input resets the connection, and the end of the answer is lost.",
       rule="tcp(7); RFC 9112, sections 9.3.2 and 9.6 (shutdown, read on, then close)")
def pipelined(run):
    run.start(plan=None)
    for target in ("/static/huge.dat", "/dynamic/huge.dat"):
        with run.connect(receive_buffer=SMALL_BUFFER) as connection:
            connection.send(request_bytes(target))
            connection.receive_at_least(SMALL_BUFFER)
            connection.send(request_bytes("/static/small01.dat") * 4)
            run.must_be_file(target, connection.response(), "though more bytes came behind the request")
