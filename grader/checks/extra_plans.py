"""Calls that do less than they were asked for: everything the kernel may do on a bad day. See docs/fault-injection.md."""
from __future__ import annotations

from grader.check import CROWD, LARGE, extra

DEFAULT_PLAN = "send,recv:half; sendfile:half[fd=any]"
AGAIN_PLAN = "send*,write*,sendfile,recv*,read*:again[fd=socket]"
NEEDS = LARGE + CROWD
PARTIAL = "send(2), recv(2), sendfile(2): fewer bytes than asked for"
SIZES = ("size1", "size4097", "size8192", "size65536", "small00", "large00", "large01")


def play(run, plan, kinds=("static", "dynamic"), rounds=1):
    server = run.start(plan=plan)
    for _ in range(rounds):
        run.must_get(*(f"/{kind}/{name}.dat" for kind in kinds for name in SIZES), expected=f"under the plan {plan!r}")
    server.must_be_alive(f"the plan {plan!r}")


@extra("x-partial-course", "Partial transfers, as the course cuts them", needs=NEEDS, rule=PARTIAL,
       why="It is what the course's own checker preloads.")
def partial_course(run):
    play(run, "course", rounds=2)


@extra("x-partial-half", "Partial transfers: each is halved", needs=NEEDS, rule=PARTIAL,
       why="What was asked for and what came are two numbers; both must be looked at.")
def partial_half(run):
    play(run, DEFAULT_PLAN, rounds=2)


@extra("x-partial-one", "One byte of the request at a time", needs=NEEDS, rule=PARTIAL,
       why="The end of the request is then in no read whole.")
def partial_one(run):
    play(run, "recv*,read:one[fd=socket]")


@extra("x-would-block", "Every other transfer would block", needs=NEEDS, rule="send(2), recv(2), sendfile(2): EAGAIN; epoll(7)",
       why="EAGAIN says later, not never.")
def would_block(run):
    play(run, AGAIN_PLAN)


@extra("x-aio-eagain", "io_submit has no room", needs=NEEDS, rule="io_submit(2): EAGAIN, and fewer iocbs than were given",
       why="The kernel's queue is shared by all programs. A read that finds no room must be submitted later.")
def aio_eagain(run):
    play(run, "io_submit:EAGAIN%2; io_submit:fewer", kinds=("dynamic",), rounds=2)


@extra("x-aio-short", "Reads that complete short", needs=NEEDS, rule="io_getevents(2), res; read(2): fewer bytes than asked for",
       why="What a completion says counts, not what was asked for.")
def aio_short(run):
    play(run, f"completion:short~0.3; io_getevents:half; seed={run.random.randrange(10**6)}", kinds=("dynamic",), rounds=2)
