"""Turns attempts into verdicts. A test that fails is played twice more, in fresh processes and with other seeds: only
what fails each time costs points, and what wavers is called flaky.
"""
from __future__ import annotations

import traceback
from dataclasses import asdict, dataclass, field
from typing import Callable, Optional

from grader.check import EXTRA, Check
from grader.errors import Failed
from grader.run import Run, Setting

PASS, FAIL, FLAKY, ERROR, SKIPPED = "pass", "fail", "flaky", "error", "skipped"
ATTEMPTS = 3


@dataclass
class Attempt:
    """What one attempt came to: `problem` is empty if it passed."""
    seed: int
    problem: str = ""
    expected: str = ""
    came: str = ""
    is_error: bool = False
    log: list[str] = field(default_factory=list)


@dataclass
class Result:
    """A row of the report. `points` is what was earned of `max`."""
    id: str
    title: str
    points: int
    max: int
    column: str
    verdict: str
    evidence: str = ""
    expected: str = ""
    came: str = ""
    why: str = ""
    rule: str = ""
    seed: Optional[int] = None
    log: list[str] = field(default_factory=list)
    replay: str = ""

    def as_json(self) -> dict:
        return asdict(self)


def attempt(setting: Setting, check: Check, seed: int, make_run: Callable = Run) -> Attempt:
    """Plays the test once, with servers of its own."""
    outcome = Attempt(seed)
    run = None
    try:
        run = make_run(setting, check, seed)
        run.play()
    except Failed as failed:
        outcome.problem, outcome.expected, outcome.came = str(failed), failed.expected, failed.came
    except Exception as error:  # a mistake of the grader or of the machine, which the report must show
        outcome.is_error = True
        outcome.problem = f"the test itself broke: {error!r}"
        outcome.came = "".join(traceback.format_exception(type(error), error, error.__traceback__)[-3:])
    finally:
        if run is not None:
            if outcome.problem:
                outcome.log = run.last_lines()
            run.end()
    return outcome


def judge(setting: Setting, check: Check, points: int, seed: int, play: Callable = attempt) -> Result:
    """Up to three attempts, with the seeds `seed`, `seed + 1` and `seed + 2`."""
    result = Result(check.id, check.title, points, points, check.column, PASS, why=check.why, rule=check.rule)
    bad = []
    for number in range(ATTEMPTS):
        outcome = play(setting, check, seed + number)
        if not outcome.problem:
            if bad:
                result.verdict = FLAKY
            break
        bad.append(outcome)
    else:
        result.verdict = ERROR if all(one.is_error for one in bad) else FAIL
        result.points = 0
    if bad:
        first = next((one for one in bad if not one.is_error), bad[0])
        result.seed, result.log = first.seed, first.log
        result.expected, result.came, result.evidence = first.expected, first.came, first.problem
        if result.verdict == FLAKY:
            result.evidence = f"{len(bad)} of {len(bad) + 1} attempts failed, first with seed {first.seed}: {first.problem}"
    return result


def skip(check: Check, points: int, needed: str) -> Result:
    """A row that makes no sense any more."""
    return Result(check.id, check.title, 0, points, check.column, SKIPPED, f"needs {needed}, which did not pass",
                  why=check.why, rule=check.rule)


def unmet(check: Check, results: dict[str, Result]) -> Optional[str]:
    """The first need of this row for which each row that serves it was played without success."""
    def failed(need: str) -> bool:
        played = [results[id] for id in need.split("|") if id in results]
        return bool(played) and all(one.verdict not in (PASS, FLAKY) for one in played)
    found = next((need for need in check.needs if failed(need)), None)
    return found.replace("|", " or ") if found else None


def sums(results: list[Result]) -> dict[str, int]:
    """The points earned and possible, in both columns."""
    def total(what: str, extra: bool) -> int:
        return sum(getattr(one, what) for one in results if (one.column == EXTRA) == extra)
    return {"points": total("points", False), "max": total("max", False),
            "extra": total("points", True), "extra_max": total("max", True)}
