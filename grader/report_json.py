"""The results as JSON: an object for one submission, an array of them for several."""
from __future__ import annotations

import json

from grader.pool import Graded
from grader.verdicts import sums


def as_json(graded: Graded) -> dict:
    return {"submission": str(graded.submission), **sums(graded.results), "build": graded.build,
            "tests": [result.as_json() for result in graded.results]}


def json_report(all_graded: list[Graded]) -> str:
    objects = [as_json(graded) for graded in all_graded]
    return json.dumps(objects[0] if len(objects) == 1 else objects, indent=2) + "\n"
