"""Fixtures: an example of the library, started as a user starts it, bare and under the shim."""
import os
import re
import signal
import socket
import subprocess

import pytest

from conftest import SHIM, TOP

EXAMPLES = TOP / "build/examples"


class Example:
    """A running example. `line` is what it printed when it was listening."""

    def __init__(self, name, *options, shim=False, env=None):
        environment = dict(os.environ) | (env or {})
        if shim:
            environment["LD_PRELOAD"] = str(SHIM)
        self.process = subprocess.Popen(
            [str(EXAMPLES / name), "--port", "0", *options], env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.line = self.process.stdout.readline().rstrip("\n")
        found = re.fullmatch(r"listening on (tcp|udp|http)://localhost:(\d+)/?", self.line)
        assert found, f"{self.line!r}, then {self.process.stderr.read()}"
        self.scheme, self.port = found.group(1), int(found.group(2))

    def connect(self, family=socket.AF_INET):
        host = "127.0.0.1" if family == socket.AF_INET else "::1"
        client = socket.socket(family)
        client.settimeout(30)
        client.connect((host, self.port))
        return client

    def stop(self, signal_number=signal.SIGTERM):
        """Returns the exit status and what it said on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@pytest.fixture
def example(shim):
    """example(name, *options) → Example. Each must end with status 0 on SIGTERM, without a word."""
    started = []

    def start(name, *options):
        started.append(Example(name, *options, shim=shim))
        return started[-1]
    yield start
    ends = [running.stop() for running in started]
    assert ends == [(0, "")] * len(ends)


def receive_all(client):
    """Everything until the end of the stream."""
    parts = []
    while data := client.recv(1 << 16):
        parts.append(data)
    return b"".join(parts)


def receive_until(client, end, count=1):
    """Bytes up to and with the `count`-th `end`, and no more."""
    data = b""
    while data.count(end) < count:
        waiting = client.recv(1 << 16, socket.MSG_PEEK)
        assert waiting, f"the stream ended after {data!r}"
        pieces = (data + waiting).split(end)
        rest = end.join(pieces[count:]) if len(pieces) > count else b""
        data += client.recv(len(waiting) - len(rest))
    return data
