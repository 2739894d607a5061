#!/usr/bin/env python3
"""Grades the small solution with each of its faults, and prints which test found what.

    tests/grader/matrix.py [--jobs N] [--timeout S] [--whole] [FAULT…]

Exit status: 0 if each fault was found by the test that is meant for it, nothing else failed but listed consequences, and
the solution without a fault, and ./aws, got everything; 1 if not.
"""
from __future__ import annotations

import argparse
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fault_table import FAULTS, Fault

TOP = Path(__file__).resolve().parents[2]
STUDENT = Path(__file__).resolve().parent / "student"
FAILED = ("fail", "error", "flaky")


def solution(directory: Path, fault: str) -> Path:
    """A submission: the small solution, whose Makefile builds it with this fault."""
    copy = directory / fault
    shutil.copytree(STUDENT, copy, ignore=shutil.ignore_patterns("aws"))
    makefile = copy / "Makefile"
    makefile.write_text(makefile.read_text().replace("FAULT ?= NONE", f"FAULT ?= {fault}"))
    return copy


def all_tests() -> list[str]:
    listed = subprocess.run([sys.executable, str(TOP / "grade"), "--list"], check=True, capture_output=True, text=True)
    return [line.split()[0] for line in listed.stdout.splitlines() if line.startswith(("c", "x-"))]


def grade(submissions: list[Path], tests: list[str], jobs: int, timeout_s: float) -> dict[str, dict]:
    """The reports of all submissions, by their names."""
    if not submissions:
        return {}
    with tempfile.TemporaryDirectory(prefix="grade-self-") as directory:
        report = Path(directory) / "report.json"
        command = [sys.executable, str(TOP / "grade"), *map(str, submissions), "--json", str(report), "--jobs", str(jobs),
                   "--timeout", str(timeout_s), "--only", *tests]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                       stderr=None if sys.stderr.isatty() else subprocess.DEVNULL)
        reports = json.loads(report.read_text())
    return {Path(one["submission"]).name: one for one in (reports if isinstance(reports, list) else [reports])}


def failures(report: dict) -> dict[str, str]:
    return {test["id"]: test["evidence"] for test in report["tests"] if test["verdict"] in FAILED}


def mistakes(fault: Fault, report: dict) -> list[str]:
    """What is wrong with the grader's opinion of a fault; empty if nothing is."""
    failed = failures(report)
    verdicts = {test["id"]: test["verdict"] for test in report["tests"]}
    missed = [f"not found by {id}, which is {verdicts[id]}" for id in fault.found_by if verdicts.get(id, "fail") != "fail"]
    allowed = (*fault.found_by, *fault.consequences)
    surplus = [f"{id} failed, too: {evidence}" for id, evidence in failed.items()
               if not any(fnmatch.fnmatchcase(id, pattern) for pattern in allowed)]
    return missed + surplus


def say(name: str, found_by: tuple[str, ...], report: dict, wrong: list[str]) -> None:
    failed = failures(report)
    skipped = sum(test["verdict"] == "skipped" for test in report["tests"])
    found = ", ".join(id for id in found_by if id in failed) or "-"
    others = [id for id in failed if id not in found_by]
    print(f"{'ok ' if not wrong else 'BAD'} {name:24} {report['points']:3}/{report['max']} +{report['extra']:2}  by {found}"
          + (f"; with {', '.join(others)}" if others else "") + (f"; {skipped} skipped" if skipped else ""))
    for line in wrong:
        print(f"      {line}")
    sys.stdout.flush()


def check_clean(name: str, report: dict) -> bool:
    wrong = [f"{test['id']} is {test['verdict']}: {test['evidence']}" for test in report["tests"] if test["verdict"] != "pass"]
    say(name, (), report, wrong)
    return not wrong


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=4.0)
    parser.add_argument("--whole", action="store_true", help="all tests under valgrind for all faults")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    chosen = [fault for fault in FAULTS if not options.faults or fault.name in options.faults]
    thorough = [fault.name for fault in chosen if fault.valgrind or options.whole]
    quick = [fault.name for fault in chosen if fault.name not in thorough]
    tests = all_tests()
    without_valgrind = [id for id in tests if "memcheck" not in id and "valgrind" not in id]
    clean = [] if options.faults else ["NONE"]
    with tempfile.TemporaryDirectory(prefix="grade-self-") as name:
        submissions = {fault: solution(Path(name), fault) for fault in clean + thorough + quick}
        programs = [] if options.faults else [TOP / "aws"]
        reports = grade(programs + [submissions[fault] for fault in clean + thorough], tests, options.jobs, options.timeout)
        reports |= grade([submissions[fault] for fault in quick], without_valgrind, options.jobs, options.timeout)
    good = all([check_clean(one, reports[one]) for one in ("NONE", "aws") if one in reports])
    for fault in chosen:
        wrong = mistakes(fault, reports[fault.name])
        say(fault.name, fault.found_by, reports[fault.name], wrong)
        good = good and not wrong
    print(f"{len(chosen)} faults, " + ("each found by the test that is meant for it" if good else "see BAD above"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
