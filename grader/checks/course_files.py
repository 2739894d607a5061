"""The course's tests of content: each byte of each file, one by one and fifty at a time."""
from __future__ import annotations

from grader.check import course

SAME = "assignment: the client gets the file, byte by byte; Content-Length is exact"
TOGETHER = "Many clients at a time are what an asynchronous server is for."


def files(kind: str, numbers: range, size: str = "large") -> list[str]:
    return [f"/{kind}/{size}{number:02d}.dat" for number in numbers]


@course("c17-small-same", "Small static file is right", points=4, memcheck=1, needs=("c16-small",),
        why="A file with one wrong byte is another file.", rule=SAME)
def small_static(run):
    run.start()
    run.must_get("/static/small00.dat")


@course("c19-large-same", "Large static file is right", points=4, memcheck=1, needs=("c18-large",),
        why="What is sent in many parts must be put together right.", rule=SAME)
def large_static(run):
    run.start()
    run.must_get("/static/large00.dat")


@course("c22-one-then-another", "One static file, then another", points=2, memcheck=1, needs=("c19-large-same",),
        why="The first client must leave nothing behind that the second one stumbles over.", rule=SAME)
def static_then_another(run):
    run.start()
    run.must_get("/static/large00.dat")
    run.must_get("/static/large01.dat")


@course("c23-two", "Two static files at a time", points=3, memcheck=1, needs=("c19-large-same",),
        why=TOGETHER, rule=SAME)
def two_static(run):
    run.start()
    run.must_get(*files("static", range(2)))


@course("c24-fifty", "Fifty static files at a time", points=4, memcheck=1, needs=("c23-two",), why=TOGETHER, rule=SAME)
def fifty_static(run):
    run.start()
    run.must_get(*files("static", range(50)))


@course("c27-dynamic-small-same", "Small dynamic file is right", points=4, memcheck=1, needs=("c26-dynamic-small",),
        why="A file with one wrong byte is another file.", rule=SAME)
def small_dynamic(run):
    run.start()
    run.must_get("/dynamic/small00.dat")


@course("c29-dynamic-large-same", "Large dynamic file is right", points=4, memcheck=1, needs=("c28-dynamic-large",),
        why="What is read and sent in many parts must be put together right.", rule=SAME)
def large_dynamic(run):
    run.start()
    run.must_get("/dynamic/large00.dat")


@course("c31-dynamic-one-then-another", "One dynamic file, then another", points=3, memcheck=1,
        needs=("c29-dynamic-large-same",),
        why="The first client must leave nothing behind that the second one stumbles over.", rule=SAME)
def dynamic_then_another(run):
    run.start()
    run.must_get("/dynamic/large00.dat")
    run.must_get("/dynamic/large01.dat")


@course("c32-dynamic-two", "Two dynamic files at a time", points=4, memcheck=1, needs=("c29-dynamic-large-same",),
        why=TOGETHER, rule=SAME)
def two_dynamic(run):
    run.start()
    run.must_get("/dynamic/huge.dat", "/dynamic/large00.dat")  # no buffer holds the first, so it is under way when the second comes


@course("c33-dynamic-fifty", "Fifty dynamic files at a time", points=5, memcheck=1, needs=("c32-dynamic-two",),
        why=TOGETHER, rule=SAME)
def fifty_dynamic(run):
    run.start()
    run.must_get(*files("dynamic", range(50)))


@course("c34-mixed-two", "A static and a dynamic file at a time", points=3, memcheck=1,
        needs=("c19-large-same", "c29-dynamic-large-same"), why=TOGETHER, rule=SAME)
def mixed_two(run):
    run.start()
    run.must_get("/static/large00.dat", "/dynamic/large01.dat")


@course("c35-mixed-fifty", "Fifty files of both kinds at a time", points=4, memcheck=1, needs=("c34-mixed-two",),
        why=TOGETHER, rule=SAME)
def mixed_fifty(run):
    run.start()
    run.must_get(*files("static", range(25)), *files("dynamic", range(25, 50)))
