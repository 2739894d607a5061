#!/usr/bin/env python3
"""make bench-stall: does one client's cold file make another wait for its hot one?

One loop a server, rounds interleaved. Each turn: the hot client alone; both, with the cold file
evicted before; both once more while the kernel traces where the loop sleeps, since tracing costs.
Writes build/bench/never-stall.json, prints a table, and writes docs/never-stall.md after a run of
the usual length.
"""
import contextlib
import json
import re
import subprocess
import sys

import command_line
import dataset
import goals
import machine
import process_tree
import results
import stall_goals
import stall_report
from medians import medians
from peers import TOP, aws_has
from servers import SERVER_CORE, Failure, available, pin_here, running
from sleeps import LostEvents, SleepTrace, outside_waits
from slow_disk import SlowDisk
from stall_subjects import DISKS, SLOW_BYTES_S, SUBJECTS

ROOT = TOP / "build/bench/root"
HOT_CLIENT = TOP / "build/bench/hot_client"
COLD_LIMIT_S = 120
USUAL_ROUNDS = 5


def hot_client(server, kind, seconds, cold=False):
    """What the hot client measured, with or without a cold download beside it."""
    if cold and not dataset.evict(ROOT / "static/cold.bin"):
        raise Failure("the cold file stays in the page cache: build/bench has to be on a disk")
    command = [str(HOT_CLIENT), str(server.port), f"/{kind}/hot.bin", str(seconds)]
    command += [f"/{kind}/cold.bin"] if cold else []
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise Failure(f"{server.name}: {told.stderr.strip()}")
    return json.loads(told.stdout)


def figures(alone, beside):
    """One turn's figures, from what the hot client said alone and beside the cold download."""
    found = {}
    for when, told in (("alone", alone), ("beside", beside)):
        for share in ("p50", "p99", "p999", "max"):
            found[f"{when}_{share}_us"] = told[f"{share}_ns"] / 1000
    found["beside_requests"] = beside["requests"]
    found["cold_mb_s"] = beside["cold_bytes"] / beside["cold_seconds"] / 1e6
    return found


def traced_calls(server, kind):
    """The calls in which the loop slept during a cold download, counted."""
    _, thread = process_tree.busiest_thread(server.pid)
    with SleepTrace(thread, SERVER_CORE) as trace:
        hot_client(server, kind, COLD_LIMIT_S, cold=True)
    return trace.calls


def one_turn(server, subject, seconds, tracing):
    alone = hot_client(server, subject.kind, seconds)
    beside = hot_client(server, subject.kind, COLD_LIMIT_S, cold=True)
    found = figures(alone, beside)
    if tracing:
        found["calls"] = traced_calls(server, subject.kind)
        found["sleeps"] = outside_waits(found["calls"])
    return found


def summed(turns):
    """Medians over the rounds; of the longest waits the longest; of the calls their sum."""
    calls = {}
    for turn in turns:
        for call, count in turn.pop("calls", {}).items():
            calls[call] = calls.get(call, 0) + count
    found = medians(turns)
    for when in ("alone", "beside"):
        found[f"{when}_max_us"] = max(turn[f"{when}_max_us"] for turn in turns)
    return found | {"calls": calls}


def own_count(server):
    """How often aws says, at its end, that its loop slept elsewhere; None if it does not."""
    told = re.search(r"slept (\d+) times outside epoll_wait", server.last_words)
    return int(told.group(1)) if told else None


def measure(subjects, rounds, seconds, tracing, setup=None):
    """Figures by subject; who fails is told, and left out."""
    turns = {}
    with contextlib.ExitStack() as stack:
        servers = {}
        for subject in subjects:
            counts = not tracing and subject.server.startswith("aws") and aws_has("--stalls")
            options = ["--stalls"] if counts else []
            for server in stack.enter_context(running([subject.server], ROOT, setup, options)):
                servers[subject] = server
        for _ in range(rounds):
            for subject, server in list(servers.items()):
                try:
                    turn = one_turn(server, subject, seconds, tracing)
                    turns.setdefault(subject.name, []).append(turn)
                except (Failure, LostEvents) as failure:
                    print(f"bench-stall: {subject.label}: {failure}", file=sys.stderr)
                    turns.pop(subject.name, None)
                    del servers[subject]
    found = {name: summed(of_subject) for name, of_subject in turns.items()}
    for subject, server in servers.items():
        count = None if tracing else own_count(server)
        found[subject.name] |= {} if count is None else {"sleeps": count}
    return found


def main():
    parser = command_line.Parser(prog="bench-stall", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=command_line.positive(int), default=USUAL_ROUNDS)
    parser.add_argument("--seconds", type=command_line.positive(float), default=2,
                        help="of the hot client alone")
    options = parser.parse_args()
    there, skipped = available(dict.fromkeys(subject.server for subject in SUBJECTS))
    subjects = [subject for subject in SUBJECTS if subject.server in there]

    pin_here()
    dataset.make_hot_and_cold(ROOT)
    slow = SlowDisk.create(ROOT, SLOW_BYTES_S)
    untraced = SleepTrace.problem()
    skipped += [f"skipped: {untraced}"] if untraced else []
    skipped += [] if slow else ["skipped: the throttled disk: no cgroup can be written to"]
    for line in skipped:
        print(f"bench-stall: {line}")

    result = {"machine": machine.describe(there), "scenarios": {}}
    try:
        for disk in DISKS if slow else ["disk"]:
            setup = slow.join if disk == "throttled" else None
            found = measure(subjects, options.rounds, options.seconds, not untraced, setup)
            result["scenarios"][disk] = {"rounds": options.rounds, "servers": found}
            print(stall_report.terminal(disk, found), flush=True)
            print("\n".join(goals.sentences(stall_goals.judge(found))), flush=True)
    finally:
        if slow:
            slow.remove()
    results.save("never-stall", result)
    if options.rounds >= USUAL_ROUNDS:
        stall_report.write(result)
    return 0


if __name__ == "__main__":
    sys.exit(command_line.run("bench-stall", main))
