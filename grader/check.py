"""The register of tests: one function and one row each.

A test is a function of one argument, the `Run`; it raises `Failed` if the submission does not do what the test expects.
Rows are listed in the order in which the modules of grader/checks/ define them.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

COURSE, EXTRA = "course", "extra"


@dataclass(frozen=True)
class Check:
    """A row: `why` it matters, the `rule` it rests on, and the rows without which it makes no sense (`needs`)."""
    id: str
    title: str
    why: str
    rule: str
    points: int
    column: str
    needs: tuple[str, ...]
    function: Callable
    memcheck: bool = False


ALL: dict[str, Check] = {}

# What most rows need. "a|b" is one of the two.
PORT = ("c04-port",)
REPLIES = ("c13-replies|c14-replies-1.1",)
SMALL = ("c17-small-same", "c27-dynamic-small-same")
LARGE = ("c19-large-same", "c29-dynamic-large-same")
CROWD = ("c06-accepts-two", "c34-mixed-two", "c23-two", "c32-dynamic-two")
NOTICES = ("c08-disconnect",)
LASTS = ("x-200-in-a-row",)
REFUSES = ("c20-static-404", "c30-dynamic-404")


def register(check: Check) -> None:
    assert check.id not in ALL, check.id
    ALL[check.id] = check


def course(id: str, title: str, *, points: int, why: str, rule: str, needs: tuple[str, ...] = PORT,
           memcheck: int = 0) -> Callable:
    """A test of the course's own; with `memcheck` points it is played once more under valgrind, as a row of its own."""
    def add(function: Callable) -> Callable:
        register(Check(id, title, why, rule, points, COURSE, needs, function))
        if memcheck:
            register(Check(f"{id}-memcheck", f"{title}: under valgrind",
                           "A server runs for months: what it loses with each request, it will run out of; and an "
                           "invalid access is a crash or a hole that waits for its day.",
                           "valgrind's memcheck manual, sections 4.2 and 4.6 (leak checks while the program runs)",
                           memcheck, COURSE, (id,), function, True))
        return function
    return add


def extra(id: str, title: str, *, why: str, rule: str, points: int = 1,
          needs: tuple[str, ...] = ()) -> Callable:
    """A test beyond the course's; its points count in a column of their own. All need the small files to be right."""
    def add(function: Callable) -> Callable:
        register(Check(id, title, why, rule, points, EXTRA, SMALL + needs, function))
        return function
    return add
