"""Which tests are played, and what each is worth. A scheme is a TOML file:

    title = "Operating systems, 2026"
    [points]                      # the grade
    "c01-exists" = 1
    [extra]                       # a column of its own
    "x-outside-dotdot" = 2

What it does not name is not played. Without a file, the course's tests have the course's points, and each extra test 1.
"""
from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from grader import checks  # noqa: F401  (importing it registers the tests)
from grader import toml_subset
from grader.check import ALL, COURSE, EXTRA, Check
from grader.errors import BadCommandLine

try:
    import tomllib
except ModuleNotFoundError:
    tomllib = None  # type: ignore[assignment]

TABLES = {"points": COURSE, "extra": EXTRA}


@dataclass(frozen=True)
class Row:
    """A test that is to be played, with what it is worth and in which column."""
    id: str
    points: int
    column: str


def in_order() -> list[Check]:
    """The course's tests by their numbers, then the others as they are defined."""
    course = sorted((check for check in ALL.values() if check.column == COURSE), key=lambda check: check.id)
    return course + [check for check in ALL.values() if check.column == EXTRA]


def default_scheme() -> list[Row]:
    return [Row(check.id, check.points, check.column) for check in in_order()]


def load_scheme(path: Path) -> list[Row]:
    """Raises BadCommandLine with one line that says what is wrong."""
    try:
        text = path.read_text()
        whole = tomllib.loads(text) if tomllib else toml_subset.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise BadCommandLine(f"--scheme {path}: {error}") from error
    unknown = set(whole) - {"title", *TABLES}
    if unknown:
        raise BadCommandLine(f"--scheme {path}: no table [{sorted(unknown)[0]}] is known; use [points] and [extra]")
    worth: dict[str, Row] = {}
    for table, column in TABLES.items():
        for id, points in whole.get(table, {}).items():
            if id not in ALL:
                raise BadCommandLine(f"--scheme {path}: no test is called {id}; see ./grade --list")
            if not isinstance(points, int) or isinstance(points, bool) or points < 0:
                raise BadCommandLine(f"--scheme {path}: the points of {id} must be a whole number, 0 or more")
            if id in worth:
                raise BadCommandLine(f"--scheme {path}: {id} is in [points] and in [extra]; leave it in one of them")
            worth[id] = Row(id, points, column)
    return [worth[check.id] for check in in_order() if check.id in worth]


def choose(rows: list[Row], only: Optional[list[str]]) -> list[Row]:
    """The rows that are named, by id or by pattern such as 'x-*'; a test outside the scheme has its default points."""
    if not only:
        return rows
    scheme = {row.id: row for row in rows}
    everything = [scheme.get(row.id, row) for row in default_scheme()]
    chosen = set()
    for word in (part for text in only for part in text.split(",") if part):
        found = fnmatch.filter([row.id for row in everything], word)
        if not found:
            hint = "name submissions before --only" if Path(word).exists() else "see ./grade --list"
            raise BadCommandLine(f"--only: no test is called {word}; {hint}")
        chosen.update(found)
    return [row for row in everything if row.id in chosen]
