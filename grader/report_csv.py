"""The results as CSV (RFC 4180): a line for each submission, for a spreadsheet."""
from __future__ import annotations

import csv
import io

from grader.pool import Graded
from grader.verdicts import FLAKY, sums

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe(text: str) -> str:
    """A spreadsheet would take a name that begins like this for a formula, and calculate it."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_report(all_graded: list[Graded]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    ids = [result.id for result in all_graded[0].results] if all_graded else []
    writer.writerow(["submission", "points", "max", "extra", "extra_max", "built", "warnings", "flaky", *ids])
    for graded in all_graded:
        total = sums(graded.results)
        flaky = sum(result.verdict == FLAKY for result in graded.results)
        writer.writerow([safe(str(graded.submission)), *(total[key] for key in ("points", "max", "extra", "extra_max")),
                         "yes" if graded.build.get("ok") else "no", graded.build.get("warnings", 0), flaky,
                         *(result.points for result in graded.results)])
    return text.getvalue()
