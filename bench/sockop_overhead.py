#!/usr/bin/env python3
"""What sockop_preload.so adds to a call, in nanoseconds of processor time: medians of interleaved
runs.

    sockop_overhead.py [--rounds=ROUNDS] PROGRAM SHIM

Each round runs the program once in every way, so that whatever else the machine does meets all of
them alike.
"""
import os
import statistics
import subprocess
import sys

import command_line

# What is in the environment beside LD_PRELOAD.
WAYS = {
    "without": None,
    "idle": {"SOCKOP": ""},
    "counting": {"SOCKOP": "", "SOCKOP_SUMMARY": "/dev/null"},
    "armed": {"SOCKOP": "send,recv:half@999999999; malloc:ENOMEM@999999999; close:EIO@999999999"},
}


def measure(program, shim, way):
    """{row: nanoseconds} of one run."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("SOCKOP")}
    if WAYS[way] is not None:
        variables |= WAYS[way] | {"LD_PRELOAD": os.path.abspath(shim)}
    lines = subprocess.run([program], env=variables, capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return {name: float(value) for name, value in map(str.split, lines)}


def main():
    parser = command_line.Parser(prog="bench-shim")
    parser.add_argument("--rounds", type=command_line.positive(int), default=21)
    parser.add_argument("program")
    parser.add_argument("shim")
    options = parser.parse_args()
    runs = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            runs[way].append(measure(options.program, options.shim, way))
    print(f"ns of processor time a turn, medians of {options.rounds} interleaved runs;"
          " armed: rules that never come true")
    print(f"{'':14}" + "".join(f"{way:>10}" for way in WAYS) + f"{'idle adds':>12}")
    for row in runs["without"][0]:
        medians = {way: statistics.median(run[row] for run in runs[way]) for way in WAYS}
        adds = statistics.median(idle[row] - bare[row]
                                 for idle, bare in zip(runs["idle"], runs["without"]))
        print(f"{row:14}" + "".join(f"{medians[way]:10.1f}" for way in WAYS) + f"{adds:12.1f}")


sys.exit(command_line.run("bench-shim", main))
