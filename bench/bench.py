#!/usr/bin/env python3
"""make bench: aws beside its peers and a floor, scenario by scenario, rounds interleaved.

One core is the servers', another the clients'. Writes build/bench/performance.json and prints a
table and which goals are met; a whole run of the usual length also writes docs/performance.md from
it, as `report.py performance` does. With --against it compares this aws with another build, and
writes nothing. Exit status: 1 if aws itself could not be measured somewhere, 2 for a bad argument.
"""
import contextlib
import shutil
import sys
import time

import against
import command_line
import dataset
import goals
import machine
import peers
import performance_goals
import performance_report
import results
import scenarios
import tables
from load import MEASURES, WINDOWS_BESIDE_IDLE, load_seconds, wrk
from medians import medians
from servers import Failure, available, pin_here, running

ROOT = peers.TOP / "build/bench/root"
WARM_UP_S = 1
ROUNDS, SECONDS = 5, 2
IDLE_A_SECOND = 6000  # so many idle connections are opened and closed in a second


def measure(scenario, names, rounds, seconds):
    """What each server's rounds gave, in which all take turns; who fails is told, and left out."""
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
    return {server.name: of_rounds for server, of_rounds in taken.items()}


def warm_up(server, scenario):
    """A load that does not count; what goes wrong here will go wrong again, and be told then."""
    with contextlib.suppress(Failure, OSError):
        wrk(server, scenario, WARM_UP_S, {})


def planned_seconds(plan, options):
    """About how long it takes to measure `plan`: pairs of a scenario and its servers."""
    starts, rounds = (2 * options.rounds, 1) if options.against else (1, options.rounds)
    total = 0
    for scenario, names in plan:
        turn, warm_up_s = 1, 0
        if scenario.measure == "load":
            turn = load_seconds(scenario, options.seconds)
            if scenario.idle:
                turn = turn * WINDOWS_BESIDE_IDLE + scenario.idle / IDLE_A_SECOND
            warm_up_s = WARM_UP_S
        total += len(names) * starts * (warm_up_s + rounds * turn)
    return total


def beside_peers(plan, there, options):
    """The usual run: figures of everybody, kept for the document. Returns whether aws has its own
    in every scenario."""
    result = results.load("performance")
    result["machine"] = machine.describe(there, machine.wrk_version())
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    for scenario, names in plan:
        taken = measure(scenario, names, options.rounds, options.seconds)
        figures = {name: medians(of_rounds) for name, of_rounds in taken.items()}
        result["scenarios"][scenario.name] = {
            "run": began, "aws": result["machine"]["aws"], "rounds": options.rounds,
            "seconds": options.seconds, "servers": figures}
        results.save("performance", result)
        print(tables.terminal(scenario, figures), flush=True)
    of_this_run = {"scenarios": {scenario.name: result["scenarios"][scenario.name]
                                 for scenario, _ in plan}}
    print(tables.terminal_summary(of_this_run))
    print("\n".join(["", *goals.sentences(performance_goals.decided(of_this_run))]))
    if not options.scenario and options.rounds >= ROUNDS and options.seconds >= SECONDS:
        performance_report.write(result)
    return all("aws" in of_one["servers"] for of_one in of_this_run["scenarios"].values())


def beside_other_aws(plan, options):
    """A row a scenario, told as soon as it is measured; nothing is kept. Returns whether there was
    something to compare in each."""
    complete = True
    for scenario, _ in plan:
        figure = "cpu_us" if scenario.measure == "load" else "value"

        def take(names, scenario=scenario, figure=figure):
            taken = measure(scenario, names, 1, options.seconds)
            return {name: rounds[0][figure] for name, rounds in taken.items() if rounds}
        pairs = against.pairs(options.rounds, take)
        complete = complete and bool(pairs)
        if pairs:
            title = scenario.title + (", CPU µs a request" if figure == "cpu_us" else "")
            print("\n" + tables.aligned(against.HEAD, [against.row(title, pairs)]), flush=True)
    return complete


def chosen(parser, options):
    """The plan, pairs of a scenario and its servers, and all servers that can be measured."""
    try:
        wanted = scenarios.chosen(options.scenario)
    except ValueError as problem:
        parser.error(str(problem))
    if options.against:
        if problem := peers.problem_of_aws(options.against):
            parser.error(f"--against {options.against}: {problem}")
        peers.add_other_aws(options.against)
        return [(scenario, against.NAMES) for scenario in wanted], against.NAMES
    there, skipped = available(dict.fromkeys(name for s in wanted for name in s.servers))
    for line in skipped:
        print(f"bench: {line}")
    return [(s, [name for name in s.servers if name in there]) for s in wanted], there


def main():
    parser = command_line.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", default="", help="names, patterns or groups, by commas")
    parser.add_argument("--rounds", type=command_line.positive(int), default=ROUNDS)
    parser.add_argument("--seconds", type=command_line.positive(int), default=SECONDS,
                        help="of load in each round")
    parser.add_argument("--against", default="", help="another aws, to compare this one with")
    options = parser.parse_args()
    plan, there = chosen(parser, options)
    if not shutil.which("wrk"):
        print("bench: skipped: wrk is not installed")
        return 0
    minutes = planned_seconds(plan, options) / 60
    print(f"bench: this takes about {max(1, round(minutes))} min", flush=True)

    pin_here()
    dataset.make_all(ROOT)
    dataset.warm(ROOT)
    if options.against:
        complete = beside_other_aws(plan, options)
    else:
        complete = beside_peers(plan, there, options)
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(command_line.run("bench", main))
