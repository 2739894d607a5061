#!/usr/bin/env python3
"""make soak: 10,000 connections for a long time, and nothing grows.

wrk and ab keep the file server, the example `sessions` and step 5 of the ladder busy, and an echo
client the example `echo`. Every second the memory and the descriptors of each server are noted.
Exit status 1 if a client met an error, memory or descriptors grew, or a server ended.
Writes build/bench/soak.json and a chart of the memory, build/bench/soak.svg.
"""
import contextlib
import re
import resource
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field

import charts
import command_line
import process_tree
import results
from medians import median
from peers import TOP

USUAL_SECONDS = 600
WRK_CONNECTIONS, AB_CONNECTIONS, ECHO_CONNECTIONS = 2900, 300, 400  # 3 × (2900 + 300) + 400
AB_REQUESTS = 100_000_000  # more than it will manage: its time limit ends it
ECHO_BYTES = 512
MOST_GROWTH = 1.05  # of the memory, from the second quarter of the time to the last
MOST_GROWTH_KIB = 1024  # … or by so little that it says nothing
FEWEST_SAMPLES = 20
READY_WITHIN_S = 20


@dataclass
class Subject:
    """A server, and what is noted about it."""
    name: str
    command: list
    target: str = "/"
    process: object = None
    port: int = 0
    memory_kib: list = field(default_factory=list)
    descriptors: list = field(default_factory=list)

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True,
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        found = re.search(r":(\d+)/?( |$)", line.rstrip("\n"))
        if not found:
            raise OSError(f"{self.name} does not start: {line!r}")
        self.port = int(found.group(1))

    def note(self):
        self.memory_kib.append(process_tree.private_dirty_kib(self.process.pid))
        self.descriptors.append(process_tree.descriptors(self.process.pid))

    def stop(self):
        """Its exit status."""
        self.process.terminate()
        return self.process.wait(60)


def subjects():
    examples = TOP / "build/examples"
    return [
        Subject("aws", [TOP / "aws", "--root", TOP / "www", "--port", "0"], "/static/hello.txt"),
        Subject("sessions", [examples / "sessions", "--threads", "2"]),
        Subject("5_keep_alive", [examples / "steps/5_keep_alive", "--threads", "2"]),
        Subject("echo", [examples / "echo", "--threads", "2"]),
    ]


def loads(servers, seconds):
    """The clients' command lines. Each has a loopback address of its own: ports are per address."""
    found = []
    for number, server in enumerate(servers, start=1):
        host = f"127.0.{number}.1"
        url = f"http://{host}:{server.port}{server.target}"
        if server.name == "echo":
            found.append([TOP / "build/bench/echo_client", str(server.port), str(ECHO_CONNECTIONS),
                          str(ECHO_BYTES), str(seconds)])
            continue
        found.append(["wrk", "-t1", f"-c{WRK_CONNECTIONS}", f"-d{seconds}s", "--timeout", "60s", url])
        found.append(["ab", "-k", "-q", "-r", "-s", "60", "-t", str(seconds), "-n", str(AB_REQUESTS),
                      "-c", str(AB_CONNECTIONS), url.replace(".1:", ".2:")])
    return [[str(word) for word in command] for command in found]


def problems_of(command, status, said):
    """What a client says went wrong, in words."""
    name, found = command[0].rsplit("/", 1)[-1], []
    if status:
        found.append(f"{name} ended with {status}: {said.strip().splitlines()[-1:]}")
    if name == "wrk":
        found += re.findall(r"Socket errors: .*|Non-2xx or 3xx responses: \d+", said)
    if name == "ab":
        for what in ("Failed requests", "Non-2xx responses", "Write errors"):
            hit = re.search(rf"{what}:\s+(\d+)", said)
            # ab counts an answer whose length differs from the first one's as failed.
            lengths = re.search(r"\(Connect: 0, Receive: 0, Length: \d+, Exceptions: 0\)", said)
            if hit and int(hit.group(1)) and not (what == "Failed requests" and lengths):
                found.append(f"{what}: {hit.group(1)}")
    return [f"{' '.join(command[-1:])}: {name}: {problem}" for problem in found]


def growth(samples):
    """From the second quarter of the samples to the last: (before, after), medians."""
    quarter = len(samples) // 4
    return median(samples[quarter:2 * quarter]), median(samples[-quarter:])


def judge(server, idle_descriptors):
    found = []
    before, after = growth(server.memory_kib)
    if after > before * MOST_GROWTH and after > before + MOST_GROWTH_KIB:
        found.append(f"{server.name}: memory grew from {before:.0f} to {after:.0f} KiB")
    before, after = growth(server.descriptors)
    if after > before * MOST_GROWTH + 10:
        found.append(f"{server.name}: descriptors grew from {before:.0f} to {after:.0f}")
    left = process_tree.descriptors(server.process.pid)
    if left > idle_descriptors[server.name] + 4:  # those of files that stay open for a second
        found.append(f"{server.name}: {left} descriptors when idle, "
                     f"{idle_descriptors[server.name]} at the start")
    return found


def watch(servers, clients, seconds):
    """Notes every second until the clients have ended; returns their problems."""
    begin = time.monotonic()
    terminal, told = sys.stdout.isatty(), 0
    while any(client.poll() is None for _, client in clients):
        time.sleep(1)  # the sampling interval
        for server in servers:
            if server.process.poll() is not None:
                return [f"{server.name} ended with {server.process.returncode}"]
            server.note()
        passed = time.monotonic() - begin
        if terminal or int(passed) // 60 > told:
            told = int(passed) // 60
            memory = ", ".join(f"{s.name} {s.memory_kib[-1] / 1024:.1f} MiB" for s in servers)
            print(f"soak: {passed:.0f} of {seconds} s; {memory}", end="\r" if terminal else "\n",
                  flush=True)
    if terminal:
        print()
    return [problem for command, client in clients
            for problem in problems_of(command, client.returncode, client.communicate()[0])]


def chart(servers):
    lines = {server.name: [(second, kib / 1024) for second, kib
                           in enumerate(server.memory_kib, start=1)] for server in servers}
    return charts.line_chart("Memory under 10,000 connections", "seconds", "MiB", lines,
                             [(i, s.name) for i, s in enumerate(servers)], marks=False)


def wait_until_idle(server, descriptors):
    """Until the server has closed what clients have left, for a while at most."""
    deadline = time.monotonic() + READY_WITHIN_S
    while process_tree.descriptors(server.process.pid) > descriptors + 4:
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)


def main():
    parser = command_line.Parser(prog="soak", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=command_line.positive(int), default=USUAL_SECONDS)
    options = parser.parse_args()
    if options.seconds < FEWEST_SAMPLES:
        parser.error(f"at least {FEWEST_SAMPLES} seconds tell whether anything grows")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        servers = subjects()
        for server in servers:
            server.start()
            stack.callback(server.process.kill)
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                client.recv(1)  # it serves, so all that it needs is open
        idle = {server.name: process_tree.descriptors(server.process.pid) for server in servers}
        clients = []
        for command in loads(servers, options.seconds):
            client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True)
            stack.callback(client.kill)
            clients.append((command, client))
        problems = watch(servers, clients, options.seconds)
        for server in servers:
            if server.process.poll() is None:
                wait_until_idle(server, idle[server.name])
                problems += judge(server, idle)
                if status := server.stop():
                    problems.append(f"{server.name} ended with {status}")
    result = {"seconds": options.seconds, "problems": problems,
              "servers": {s.name: {"memory_kib": s.memory_kib, "descriptors": s.descriptors}
                          for s in servers}}
    results.save("soak", result)
    results.replace_text(results.FOLDER / "soak.svg", chart(servers))
    for server in servers:
        if len(server.memory_kib) >= 4:
            before, after = growth(server.memory_kib)
            print(f"soak: {server.name}: memory {before / 1024:.1f} → {after / 1024:.1f} MiB, "
                  f"descriptors {growth(server.descriptors)[1]:.0f}")
    for problem in problems:
        print(f"soak: {problem}", file=sys.stderr)
    print("soak: " + ("failed" if problems else "no error, nothing grew"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(command_line.run("soak", main))
