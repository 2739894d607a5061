"""Clients that come, go, break off, wait, or are too many."""
from __future__ import annotations

from grader.check import CROWD, LARGE, LASTS, NOTICES, extra
from grader.checks.quiet import must_be_quiet
from grader.client import request_bytes
from grader.errors import Failed

SMALL_BUFFER = 4096
BEGUN_BYTES = 65536
BOTH = ("/static/small00.dat", "/dynamic/small00.dat")
HUGE = ("/static/huge.dat", "/dynamic/huge.dat")
FEW_DESCRIPTORS = 64
IDLE_CLIENTS = 1000


def begin(run, target):
    """A client that has read the beginning of a large answer, and no more for now."""
    connection = run.connect(receive_buffer=SMALL_BUFFER)
    connection.send(request_bytes(target))
    connection.receive_at_least(BEGUN_BYTES)
    if len(connection.received) < BEGUN_BYTES:
        raise Failed(f"the beginning of {target}", connection.response().describe())
    return connection


def must_return_to(run, server, count, after):
    run.must_wait_until(lambda: server.open_descriptors() <= count, f"{count} open descriptors again after {after}",
                        lambda: f"{server.open_descriptors()}")


@extra("x-eintr", "Stopped and continued in mid-transfer", needs=LARGE,
       why="18 of 19 public servers ended or broke off: a wait that is interrupted is not an error.",
       rule="signal(7): epoll_wait and others fail by EINTR after SIGCONT, with no handler at all")
def eintr(run):
    server = run.start(plan=None)
    server.freeze_and_thaw()
    run.must_get(*BOTH)
    for target in HUGE:
        with begin(run, target) as connection:
            for _ in range(3):
                server.freeze_and_thaw()
            run.must_be_file(target, connection.response(), "though the server was stopped and continued")
    server.must_be_alive("SIGSTOP and SIGCONT")


@extra("x-reset", "Clients that reset in mid-transfer", needs=LARGE + NOTICES,
       why="A browser that is closed resets its connections. Writing to one brings SIGPIPE, which ends the program.",
       rule="send(2), EPIPE and MSG_NOSIGNAL; signal(7), SIGPIPE; tcp(7)")
def reset(run):
    server = run.start(plan=None)
    run.must_get(*BOTH)
    before = server.open_descriptors()
    for number, target in enumerate(HUGE * 5):
        begin(run, target).reset(half_closed=number < 4)
    must_return_to(run, server, before, "10 resets in mid-transfer")
    server.must_be_alive("resets in mid-transfer")
    run.must_get(*BOTH)


@extra("x-connect-close", "Clients that leave without a request", needs=CROWD + NOTICES,
       why="Browsers connect in advance, and port scanners leave at once.", rule="accept(2); recv(2): 0, ECONNRESET")
def connect_close(run):
    server = run.start(plan=None)
    run.must_get(*BOTH)
    before = server.open_descriptors()
    for number in range(60):
        connection = run.connect()
        if number % 3 == 1:
            connection.send(b"GET /static/sm")
        if number % 2:
            connection.reset()
        else:
            connection.close()
    run.must_get(*BOTH, expected="after 60 clients that left")
    must_return_to(run, server, before, "60 clients that left")
    server.must_be_alive("clients that left")


@extra("x-200-in-a-row", "200 requests in a row",
       why="Tables that are never cleared are full after a hundred clients.", rule="assignment: the server serves until it is ended")
def in_a_row(run):
    server = run.start(plan=None)
    for number in range(200):
        target = f"/{('static', 'dynamic')[number % 2]}/small{number % 50:02d}.dat"
        run.must_be_file(target, run.get(target), f"as request {number + 1} of 200")
    server.must_be_alive("200 requests")


@extra("x-idle-1000", "1,000 clients that say nothing", needs=(*LASTS, *CROWD, "c24-fifty", "c33-dynamic-fifty"),
       why="Most connections are idle most of the time. They must cost the others nothing.",
       rule="epoll(7); select(2) ends at 1024; listen(2)")
def idle_1000(run):
    server = run.start(plan=None)
    idle = []
    try:
        for _ in range(IDLE_CLIENTS):
            idle.append(run.connect())
        run.must_get(*BOTH, expected=f"beside {IDLE_CLIENTS} idle clients")
        for connection in idle[::50]:
            connection.send(request_bytes(BOTH[0]))
            run.must_be_file(BOTH[0], connection.response(), f"on one of {IDLE_CLIENTS} connections")
    finally:
        for connection in idle:
            connection.close()
    server.must_be_alive(f"{IDLE_CLIENTS} idle clients")


def exhaust(run):
    """More clients than the server may have descriptors."""
    return [run.connect() for _ in range(2 * FEW_DESCRIPTORS)]


@extra("x-emfile", "Recovers from too many clients", needs=LASTS + NOTICES + CROWD,
       why="15 of 19 public servers served no client any more once they had run out of descriptors.",
       rule="accept(2), EMFILE; getrlimit(2), RLIMIT_NOFILE")
def emfile(run):
    server = run.start(plan=None, open_files=FEW_DESCRIPTORS)
    for round_ in range(2):
        connections = exhaust(run)
        server.settle()
        for connection in connections:
            connection.close()
        run.must_get(*BOTH, expected=f"after the server ran out of descriptors, time {round_ + 1}")
    server.must_be_alive("running out of descriptors")


@extra("x-emfile-quiet", "Does not spin when descriptors run out", needs=("x-emfile",),
       why="The listener stays ready as long as connections wait in its queue: epoll_wait returns at once, for ever.",
       rule="accept(2), EMFILE; epoll(7), level-triggered")
def emfile_quiet(run):
    server = run.start(plan=None, open_files=FEW_DESCRIPTORS)
    connections = exhaust(run)
    must_be_quiet(run, server, "all descriptors are used")
    for connection in connections:
        connection.close()


@extra("x-restart", "Can be started again at once",
       why="After a crash, connections that have just ended keep the port, for a minute, unless the server says otherwise.",
       rule="socket(7), SO_REUSEADDR; tcp(7), TIME_WAIT")
def restart(run):
    server = run.start(plan=None)
    run.must_get(*BOTH)
    with run.connect() as connection:
        run.must_wait_until(lambda: server.has_read(connection.port), "the server accepts a client", "it does not")
        server.kill()
        connection.rest()  # the server's end goes first, and so keeps the port in TIME_WAIT
    run.start(plan=None)
    run.must_get(*BOTH)


@extra("x-closes", "Ends the connection after the file",
       why="The client of an HTTP/1.0 server knows by the end of the connection that all has come.",
       rule="assignment: after a file is transmitted, the connection is closed; RFC 9112, section 9.3")
def closes(run):
    run.start(plan=None)
    for target in BOTH:
        with run.connect() as connection:
            connection.send(f"GET {target} HTTP/1.0\r\n\r\n".encode())
            connection.rest()
        if connection.ended == "silence":
            raise Failed(f"the end of the connection after {target}", "the answer, and the connection stays open")
