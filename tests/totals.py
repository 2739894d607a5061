#!/usr/bin/env python3
"""Adds up the reports of test suites: GoogleTest's JSON and pytest's JUnit XML.

    tests/totals.py REPORT...

The last line of the output is the sum, "N passed, N failed", with ", N skipped" where tests were. A report that is
missing, unreadable or empty is a suite that died, and one failure. The exit status is 0 when tests ran and none failed.
"""
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple


class Totals(NamedTuple):
    passed: int
    failed: int
    skipped: int

    def __str__(self):
        line = f"{self.passed} passed, {self.failed} failed"
        return line + f", {self.skipped} skipped" if self.skipped else line


def gtest_totals(text):
    tests = [test for suite in json.loads(text)["testsuites"] for test in suite["testsuite"]]
    failed = sum("failures" in test for test in tests)
    skipped = sum("failures" not in test and test["result"] != "COMPLETED" for test in tests)
    return Totals(len(tests) - failed - skipped, failed, skipped)


def junit_totals(text):
    cases = list(ElementTree.fromstring(text).iter("testcase"))
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    return Totals(len(cases) - failed - skipped, failed, skipped)


def report_totals(path):
    try:
        text = path.read_text(encoding="utf-8")
        totals = gtest_totals(text) if path.suffix == ".json" else junit_totals(text)
        if not sum(totals):
            raise ValueError("it is empty")
        return totals
    except (OSError, ValueError, KeyError, ElementTree.ParseError) as error:
        print(f"{path}: the suite died without a report ({error})")
        return Totals(0, 1, 0)


def main(arguments):
    reports = [(path, report_totals(path)) for path in map(pathlib.Path, arguments)]
    print()
    for path, totals in reports:
        # Worded unlike the sum, which must stay the only line of its form.
        print(f"{path.stem:12} {sum(totals):5} tests, {totals.failed} of them failed")
    total = Totals(*(sum(column) for column in zip(*(totals for _, totals in reports))))
    print(total)
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
