"""What stays behind, and what is used up while nothing is to be done."""
from __future__ import annotations

from grader import procfs
from grader.check import CROWD, LARGE, LASTS, NOTICES, extra
from grader.checks.extra_connections import BOTH, begin, must_return_to
from grader.checks.quiet import must_be_quiet
from grader.errors import Failed

REQUESTS = 500
GROWTH_BYTES = 256 << 10
ENDS = ("x-404-framed",)  # else each of the many requests for a missing file takes the whole limit
HUGE = ("/static/huge.dat", "/dynamic/huge.dat")
TARGETS = ("/static/small00.dat", "/dynamic/small01.dat", "/static/missing", "/dynamic/missing", "/xyzt/missing")


def ask_often(run, count):
    for number in range(count):
        target = TARGETS[number % len(TARGETS)]
        response = run.get(target)
        if response.ended == "silence":
            raise Failed(f"an answer to request {number + 1} of {count}, for {target}", response.describe())


@extra("x-descriptors", f"No descriptor is left over by {REQUESTS} requests", needs=LASTS + NOTICES + ENDS,
       why="A server that loses one descriptor with each request ends with its thousandth.", rule="close(2)")
def descriptors(run):
    server = run.start(plan=None)
    ask_often(run, 20)
    server.settle_without_clients()
    before = server.open_descriptors()
    ask_often(run, REQUESTS)
    must_return_to(run, server, before, f"{REQUESTS} requests")
    server.must_be_alive(f"{REQUESTS} requests")
    run.must_get(*BOTH)


@extra("x-memory", f"Memory does not grow with {REQUESTS} requests", needs=LASTS + ENDS,
       why="What is lost with each request is missing in the end.", rule="malloc(3), free; proc_pid_status(5), RssAnon")
def memory(run):
    server = run.start(plan=None)
    ask_often(run, REQUESTS)
    server.settle_without_clients()
    before = procfs.private_bytes(server.pid)
    ask_often(run, REQUESTS)
    server.settle_without_clients()
    grown = procfs.private_bytes(server.pid) - before
    if grown > GROWTH_BYTES:
        raise Failed(f"no more than {GROWTH_BYTES >> 10} KiB more after {REQUESTS} requests", f"{grown >> 10} KiB more")
    server.must_be_alive(f"{REQUESTS} requests")


@extra("x-quiet-idle", "Sleeps when there is nothing to do",
       why="A loop that never sleeps uses up a processor and a battery.", rule="epoll_wait(2): a timeout of 0 does not wait")
def quiet_idle(run):
    server = run.start(plan=None)
    run.must_get(*BOTH)
    must_be_quiet(run, server, "there is nothing to do")


@extra("x-quiet-stalled", "Sleeps while clients stall", needs=(*LARGE, *CROWD, "x-quiet-idle"),
       why="A descriptor that is ready for an operation that the server does not want wakes the loop again and again.",
       rule="epoll(7): interest in EPOLLOUT only while there is something to send")
def quiet_stalled(run):
    server = run.start(plan=None)
    with run.connect() as asking, begin(run, HUGE[0]), begin(run, HUGE[1]), run.connect():
        asking.send(b"GET /static/sma")
        must_be_quiet(run, server, "one client has sent half a request, and two do not read")
