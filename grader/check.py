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


def register(check: Check) -> None:
    assert check.id not in ALL, check.id
    ALL[check.id] = check


def course(id: str, title: str, *, points: int, why: str, rule: str, needs: tuple[str, ...] = ("c04-port",),
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
          needs: tuple[str, ...] = ("c17-small-same",)) -> Callable:
    """A test beyond the course's; its points count in a column of their own."""
    def add(function: Callable) -> Callable:
        register(Check(id, title, why, rule, points, EXTRA, needs, function))
        return function
    return add
