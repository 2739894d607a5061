#!/usr/bin/env python3
"""Tortures aws: every call it makes fails, and what its clients get must be right all the same.

    torture.py                                    every k-th call's every failure, then random plans
    torture.py --scenario static-large            the same of one scenario; several: with commas
    torture.py --seeds 1-10000                    the random plans of these seeds
    torture.py --scenario head --plan 'recv:half@2'   one plan, ten times: what a failure's report
                                                  says to do; scenarios at once: static-small+head

`make torture` calls it; docs/torture.md tells what is checked. Exit status: 0 when nothing was
found, 1 when something was, 2 for a bad command line.
"""
import argparse
import os
import shlex
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import campaign
import plans
from stage import SCENARIOS
from venue import BINARIES

MANY_SEEDS = range(1, 1_000_000_000)


def parse_arguments(words):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--variant", choices=BINARIES, default="release")
    parser.add_argument("--options", type=shlex.split, default=campaign.PLAIN)
    parser.add_argument("--scenario", default="")
    parser.add_argument("--plan", default="")
    parser.add_argument("--seeds", default="")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args(words)
    separator = "+" if arguments.plan else ","
    arguments.names = [name for name in arguments.scenario.split(separator) if name]
    if unknown := [name for name in arguments.names if name not in SCENARIOS]:
        parser.error(f"no such scenario: {unknown[0]}; there are {' '.join(SCENARIOS)}")
    if arguments.plan and not arguments.names:
        parser.error("--plan needs --scenario")
    first, _, last = arguments.seeds.partition("-")
    arguments.seed_range = range(int(first), int(last or first) + 1) if first else None
    return arguments


def replay(arguments, setting):
    """The plan, `--times` times, each on a server of its own."""
    trial = plans.Trial(tuple(arguments.names), plans.parse(arguments.plan))
    with campaign.Worker(setting) as worker:
        for number in range(1, arguments.times + 1):
            if problem := worker.play_all([trial]):
                print(f"FAILED, time {number}: {problem}")
                return 1
    print(f"passed {arguments.times} times")
    return 0


def show(reports, seconds):
    total = campaign.Report()
    for label, report in reports.items():
        print(f"{label:18} {report.trials:7} trials {report.faults:8} faults"
              f" {len(report.findings):4} findings")
        total += report
    print(f"{'in all':18} {total.trials:7} trials {total.faults:8} faults"
          f" {len(total.findings):4} findings, in {seconds:.0f} s", flush=True)
    return total


def main(words):
    arguments = parse_arguments(words)
    setting = campaign.Setting(arguments.variant, tuple(arguments.options))
    if arguments.plan:
        return replay(arguments, setting)
    found = campaign.survey(arguments.names or SCENARIOS)
    findings = 0
    if arguments.seed_range is None:
        begin = time.monotonic()
        reports = campaign.run(campaign.every_call(found), found, setting, arguments.jobs)
        findings += len(show(reports, time.monotonic() - begin).findings)
    begin = time.monotonic()
    deadline = None if arguments.seed_range else begin + arguments.seconds
    reports = campaign.run(campaign.some_seeds(arguments.seed_range or MANY_SEEDS), found, setting,
                           arguments.jobs, deadline)
    findings += len(show(reports, time.monotonic() - begin).findings)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
