#!/usr/bin/env python3
"""Writes a document's generated parts and charts from the JSON of the latest run.

    bench/report.py performance | echo | never-stall
"""
import sys

import echo_report
import performance_report
import results
import stall_report

WRITERS = {"performance": performance_report.write, "echo": echo_report.write,
           "never-stall": stall_report.write}


def write(name):
    result = results.load(name)
    if result["scenarios"]:
        WRITERS[name](result)
    else:
        print(f"docs/{name}.md stays as it is: nothing was measured here")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in WRITERS:
        sys.exit("usage: bench/report.py " + "|".join(WRITERS))
    write(sys.argv[1])
