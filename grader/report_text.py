"""The results in words, for a terminal: what did not pass and why, then the points."""
from __future__ import annotations

from grader.pool import Graded
from grader.verdicts import FLAKY, PASS, SKIPPED, Result, sums


def text_report(graded: Graded) -> str:
    lines = []
    for result in graded.results:
        if result.verdict != PASS:
            lines += describe(result)
    if graded.build.get("problem"):
        lines = [f"build: {graded.build['problem']}", *(f"    | {line}" for line in graded.build["log"][-12:]), *lines]
    total = sums(graded.results)
    verdicts = [result.verdict for result in graded.results]
    counts = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in dict.fromkeys(verdicts))
    extra = f", {total['extra']} of {total['extra_max']} extra" if total["extra_max"] else ""
    lines.append(f"{graded.submission}: {total['points']} of {total['max']} points{extra} ({counts})")
    return "\n".join(lines) + "\n"


def describe(result: Result) -> list[str]:
    """One line for a skipped row; for the others also what was expected, what came, and how to see it again."""
    lines = [f"{result.verdict:7} {result.id}: {result.title} ({result.points} of {result.max})"]
    if result.verdict == SKIPPED:
        return [f"{lines[0]}: {result.evidence}"]
    if result.verdict == FLAKY or not result.expected:
        lines.append(f"    {result.evidence}")
    if result.expected and result.verdict != FLAKY:
        lines += [f"    expected  {result.expected}", f"    but       {result.came}"]
    lines.append(f"    replay    {result.replay}")
    lines += [f"    | {line}" for line in result.log[-4:]]
    return lines
