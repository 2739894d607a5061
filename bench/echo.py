#!/usr/bin/env python3
"""make bench-echo: what an echoed message costs on our loop, on libuv, on libevent, and at least.

One loop a server, on a core of its own; the client is on the other. Rounds are interleaved. Writes
build/bench/echo.json, prints a table, and writes its part of docs/performance.md after a run of the
usual length.
"""
import json
import subprocess
import sys

import command_line
import echo_report
import machine
import process_tree
import results
from echo_servers import RECIPES, running
from medians import medians
from peers import TOP
from servers import Failure, pin_here

CLIENT = TOP / "build/bench/echo_client"
CONNECTIONS = (1, 64, 1000, 10_000)
BYTES = (16, 16_384)
USUAL_ROUNDS = 5


def one_turn(server, connections, size, seconds):
    """Messages a second and the server's CPU time a message, of one load."""
    command = [str(CLIENT), str(server.port), str(connections), str(size), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as client:
        if client.stdout.readline() != "ready\n":
            raise Failure(f"{server.recipe.label}: {client.stderr.read().strip()}")
        before = process_tree.cpu_ns(server.pid)
        said = client.stdout.readline()
        cost_ns = process_tree.cpu_ns(server.pid) - before
        if client.wait() or not said:
            raise Failure(f"{server.recipe.label}: {client.stderr.read().strip()}")
    found = json.loads(said)
    return {"cpu_us": cost_ns / 1000 / found["messages"],
            "messages_s": found["messages"] / found["seconds"]}


def measure(servers, connections, size, rounds, seconds):
    """Medians by server's name. Between rounds the servers take turns."""
    turns = {server.recipe.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            turns[server.recipe.name].append(one_turn(server, connections, size, seconds))
    return {name: medians(of_server) for name, of_server in turns.items()}


def main():
    parser = command_line.Parser(prog="bench-echo", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=command_line.positive(int), default=USUAL_ROUNDS)
    parser.add_argument("--seconds", type=command_line.positive(float), default=2)
    options = parser.parse_args()
    pin_here()
    recipes = [recipe for recipe in RECIPES if not recipe.missing()]
    for recipe in RECIPES:
        if problem := recipe.missing():
            print(f"bench-echo: skipped: {recipe.label}: {problem}")
    result = {"machine": machine.describe([]), "scenarios": {}}
    result["machine"]["versions"] += [recipe.version() for recipe in recipes if recipe.package]
    for size in BYTES:
        for connections in CONNECTIONS:
            with running(recipes) as servers:
                found = measure(servers, connections, size, options.rounds, options.seconds)
            name = echo_report.scenario_name(connections, size)
            result["scenarios"][name] = {"connections": connections, "bytes": size,
                                         "rounds": options.rounds, "servers": found}
            print(echo_report.terminal(result["scenarios"][name]), flush=True)
    print(echo_report.verdicts(result))
    results.save("echo", result)
    if options.rounds >= USUAL_ROUNDS:
        echo_report.write(result)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(command_line.run("bench-echo", main))
    except Failure as failure:
        sys.exit(f"bench-echo: {failure}")
