#!/usr/bin/env python3
"""make bench: aws beside its peers and a floor, scenario by scenario, rounds interleaved.

One core is the servers', another the clients'. Writes build/bench/performance.json and prints a
table; a whole run also writes docs/performance.md from it, as `report.py performance` does.
"""
import argparse
import contextlib
import shutil
import sys

import dataset
import machine
import performance_report
import results
import scenarios
import tables
from load import MEASURES, wrk
from medians import medians
from peers import TOP
from servers import Failure, available, pin_here, running

ROOT = TOP / "build/bench/root"
WARM_UP_S = 1


def measure(scenario, names, rounds, seconds):
    """The scenario's figures by server: medians over the rounds, in which all take turns.

    Who fails is told, and left out.
    """
    take = MEASURES[scenario.measure]
    answer = {"status": scenario.status, "floor_file": scenario.floor_file,
              "close": scenario.close}
    with running(names, ROOT, **answer) as servers:
        taken = {server: [] for server in servers}
        if scenario.measure == "load":
            for server in servers:
                warm_up(server, scenario)
        for _ in range(rounds):
            for server in list(taken):
                try:
                    taken[server].append(take(server, scenario, seconds))
                except (Failure, OSError) as failure:
                    print(f"bench: {scenario.name}: {server.name}: {failure}", file=sys.stderr)
                    del taken[server]
    return {server.name: medians(of_rounds) for server, of_rounds in taken.items()}


def warm_up(server, scenario):
    """A load that does not count; what goes wrong here will go wrong again, and be told then."""
    with contextlib.suppress(Failure, OSError):
        wrk(server, scenario, WARM_UP_S, {})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", default="", help="names, patterns or groups, by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of load in each round")
    options = parser.parse_args()
    try:
        wanted = scenarios.chosen(options.scenario)
    except ValueError as problem:
        parser.error(str(problem))
    if not shutil.which("wrk"):
        print("bench: skipped: wrk is not installed")
        return 0
    there, skipped = available(dict.fromkeys(name for s in wanted for name in s.servers))
    for line in skipped:
        print(f"bench: {line}")

    pin_here()
    dataset.make_all(ROOT)
    dataset.warm(ROOT)
    result = results.load("performance")
    result["machine"] = machine.describe(there)
    for scenario in wanted:
        names = [name for name in scenario.servers if name in there]
        figures = measure(scenario, names, options.rounds, options.seconds)
        result["scenarios"][scenario.name] = {
            "rounds": options.rounds, "seconds": options.seconds, "servers": figures}
        results.save("performance", result)
        print(tables.terminal(scenario, figures), flush=True)
    print(tables.terminal_summary(result))
    if not options.scenario:
        performance_report.write(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
