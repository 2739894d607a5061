"""The command line. What is wrong with it is one line on standard error, and exit status 2."""
from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from grader.errors import BadCommandLine

DESCRIPTION = """Grades submissions of the asynchronous web server assignment. A SUBMISSION is a directory with a Makefile
that builds aws, or a program. docs/grading.md explains the tests, schemes and reports."""
STATUSES = "Exit status: 0 when grading worked, whatever the points; 2 for a bad command line; 3 when this machine lacks something."
MOST_JOBS = 256
DEFAULT_SEED, DEFAULT_TIMEOUT_S = 1, 10.0


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str):  # type: ignore[override]
        raise BadCommandLine(f"{message}; see ./grade --help")


def whole_number(least: int, most: int):
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
        return int(text)
    return parse


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0.1 to 3600")
    return value


def parser() -> Parser:
    made = Parser(prog="grade", description=DESCRIPTION, epilog=STATUSES)
    made.add_argument("submissions", nargs="*", metavar="SUBMISSION", type=Path)
    made.add_argument("--list", action="store_true", help="list the tests, with points and titles, and exit")
    made.add_argument("--only", nargs="+", action="extend", metavar="ID",
                      help="play these tests only; patterns such as 'x-*' are allowed")
    made.add_argument("--scheme", type=Path, metavar="FILE", help="points, and which tests, from a TOML file")
    made.add_argument("--seed", type=whole_number(0, 2**63), default=DEFAULT_SEED, metavar="N",
                      help="the seed of contents and of chance (1)")
    made.add_argument("--jobs", type=whole_number(1, MOST_JOBS), default=1, metavar="N",
                      help="so many submissions side by side (1)")
    made.add_argument("--timeout", type=seconds, default=DEFAULT_TIMEOUT_S, metavar="S",
                      help="how long to wait for one event, on a fast machine (10)")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON; an array for several submissions")
    made.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit XML, for CI")
    made.add_argument("--csv", type=Path, metavar="FILE", help="write a line for each submission")
    made.add_argument("--html", type=Path, metavar="FILE", help="write a page with all that is known of each test")
    made.add_argument("--keep", action="store_true", help="keep the copies of the submissions, with all logs")
    made.add_argument("--isolation", choices=("auto", "bwrap", "unshare", "none"), default="auto",
                      help="how submissions are kept apart (auto: bwrap, else unshare, else one by one)")
    return made


def parse(arguments: list[str]) -> argparse.Namespace:
    """Raises BadCommandLine."""
    options = parser().parse_args(arguments)
    if options.list:
        return options
    if not options.submissions:
        raise BadCommandLine("no submission is named; see ./grade --help")
    for path in options.submissions:
        if not path.exists():
            raise BadCommandLine(f"{path}: there is no such directory or program")
    for path in (options.json, options.junit, options.csv, options.html):
        if path and not path.absolute().parent.is_dir():
            raise BadCommandLine(f"{path}: there is no directory {path.absolute().parent}")
    return options


def complain(message: object) -> None:
    print(f"grade: {message}", file=sys.stderr)
