"""Whether the calls that the assignment is about are really made, and none that waits where the loop should."""
from __future__ import annotations

from grader.check import LARGE, extra
from grader.errors import Failed

STATIC, DYNAMIC = "/static/large00.dat", "/dynamic/large00.dat"
WAITS = ("poll", "ppoll", "select", "pselect6", "nanosleep", "clock_nanosleep")
SOCKET_CALLS = ("accept", "accept4", "recvfrom", "recvmsg", "sendto", "sendmsg", "read", "write", "writev", "sendfile")
MSG_DONTWAIT = 0x40


def traced(run, target):
    """The calls that a server makes for one download."""
    return calls_for(run, run.start(plan=None, traced=True).tracer, target)


def calls_for(run, tracer, target):
    """The calls that the server makes for one download, after one that warms it up."""
    run.must_get("/static/small00.dat")
    run.time_limit.until(tracer.is_at_rest)
    begin = len(tracer.calls)
    run.must_get(target)
    run.time_limit.until(tracer.is_at_rest)
    return tracer.calls[begin:]


def percent_of(run, target, count):
    return 100 * count // len(run.workspace.content(target))


@extra("x-sendfile-used", "Static files really go by sendfile", needs=LARGE,
       why="A symbol in the program proves nothing: what counts is how the bytes reach the socket.",
       rule="assignment: static files are transmitted by zero-copying; sendfile(2)")
def sendfile_used(run):
    sent = sum(max(0, call.result) for call in traced(run, STATIC) if call.name == "sendfile")
    if percent_of(run, STATIC, sent) < 90:
        raise Failed(f"the bytes of {STATIC} by sendfile", f"{percent_of(run, STATIC, sent)} % of them by sendfile")


@extra("x-aio-used", "Dynamic files are really read by io_submit", needs=LARGE,
       why="A symbol in the program proves nothing: what counts is how the bytes are read.",
       rule="assignment: dynamic files are read by the asynchronous API; io_submit(2)")
def aio_used(run):
    asked = sum(length for call in traced(run, DYNAMIC) for length, _ in call.iocbs)
    if percent_of(run, DYNAMIC, asked) < 90:
        raise Failed(f"the bytes of {DYNAMIC} asked for by io_submit",
                     f"{percent_of(run, DYNAMIC, asked)} % of them by io_submit")


@extra("x-eventfd-used", "Completions wake the loop by an eventfd", needs=(*LARGE, "x-aio-used"),
       why="The loop sleeps in epoll_wait; only a descriptor can tell it that a read has come.",
       rule="assignment: an eventfd in epoll signals completions; eventfd(2), io_submit(2) IOCB_FLAG_RESFD")
def eventfd_used(run):
    iocbs = [iocb for call in traced(run, DYNAMIC) for iocb in call.iocbs]
    without = sum(eventfd is None for _, eventfd in iocbs)
    if without:
        raise Failed("each read that is submitted names an eventfd", f"{without} of {len(iocbs)} that name none")


@extra("x-no-waiting", "The loop waits in epoll_wait and nowhere else", needs=LARGE,
       why="While the loop waits for one client or one disk, it serves no other client.",
       rule="assignment: multiplexing and non-blocking sockets; epoll(7), fcntl(2) O_NONBLOCK, io_getevents(2)")
def no_waiting(run):
    tracer = run.start(plan=None, traced=True).tracer
    for target in (STATIC, DYNAMIC):
        calls = calls_for(run, tracer, target)
        loops = {call.thread for call in calls if call.name.startswith("epoll_")}
        for thread in loops:
            must_not_wait([call for call in calls if call.thread == thread], target)


def must_not_wait(calls, target):
    """Looks at what one loop did while it served `target`."""
    submitted = False
    expected = f"epoll_wait is the only call that may wait while {target} is served"
    for call in calls:
        if call.name.startswith("epoll_"):
            submitted = False
        elif call.name == "io_submit":
            submitted = True
        elif call.name in ("io_getevents", "io_pgetevents") and submitted and call.arguments[1] and not_at_once(call):
            raise Failed(expected, "io_getevents without a timeout, right after io_submit")
        elif call.name in WAITS and call.result is not None and may_sleep(call):
            raise Failed(expected, f"{call.name} in the loop")
        elif call.name in SOCKET_CALLS and call.target.startswith("socket:") and not call.nonblocking:
            if call.name in ("recvfrom", "sendto") and call.arguments[3] & MSG_DONTWAIT:
                continue
            raise Failed(expected, f"{call.name} on a socket that has no O_NONBLOCK")


def not_at_once(call):
    """io_getevents waits unless it is given a timeout; the test does not read the timeout, and lets any pass."""
    return call.arguments[4] == 0


def may_sleep(call):
    return not (call.name == "poll" and call.arguments[2] == 0)
