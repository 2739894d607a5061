"""What aws promises and whether a run keeps it, as one shape for both benchmarks.

The promises themselves, and how they are judged, are in stall_goals and performance_goals.
"""
from typing import NamedTuple


class Verdict(NamedTuple):
    goal: str
    met: bool | None  # None: the figures cannot decide it
    how: str  # by what figures, or what is missing


WORDS = {True: "met", False: "NOT MET", None: "undecided"}


def sentences(verdicts):
    return [f"{WORDS[verdict.met]}: {verdict.goal} ({verdict.how})" for verdict in verdicts]


def rows_of(verdicts):
    """(head, rows) of a table of all of them."""
    return (["goal", "", "measured"],
            [[verdict.goal, WORDS[verdict.met], verdict.how] for verdict in verdicts])
