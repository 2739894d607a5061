"""Fixtures: the real binary on a free port in a temporary root.

Every server runs with --audit, and every test that started one fails unless it ends well: exit
status 0, nothing left open. Nothing here sleeps to wait; it waits for the thing itself.
"""
import os
import random
import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from client import Client

TOP = Path(__file__).resolve().parents[1]
AWS = TOP / "aws"
AWS_ASAN = TOP / "build/asan/aws"
AWS_TSAN = TOP / "build/tsan/aws"
SHIM = TOP / "sockop_preload.so"
KINDS = ("static", "dynamic")

# The calibration of the grader grades dozens of submissions: `make grade-self` asks for it. It is named here because a
# conftest.py in tests/grader would replace this module in sys.modules.
collect_ignore = [] if os.environ.get("GRADE_SELF") else ["grader/test_grade_faults.py"]


def pytest_make_parametrize_id(val, argname):
    """Long bytes are named by their length: a test's name is for reading."""
    return f"{len(val)} bytes of {argname}" if isinstance(val, bytes) and len(val) > 80 else None


class Server:
    """One running aws. Use the `start` fixture, which also ends it."""

    def __init__(self, root, *options, binary=AWS, shim=False, wrapper=(), env=None, cwd=None,
                 preexec=None, port_option=("--port", "0"), read_stdout=True, read_stderr=True):
        environment = {k: v for k, v in os.environ.items() if k != "AWS_DOCUMENT_ROOT"}
        environment |= env or {}
        if shim:
            environment["LD_PRELOAD"] = str(SHIM)
        root_option = [] if root is None else ["--root", str(root)]
        command = [*wrapper, str(binary), *root_option, *port_option, "--audit", *options]
        self.root = root
        self.process = subprocess.Popen(
            [str(word) for word in command], env=environment, cwd=cwd, preexec_fn=preexec,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pid = self.process.pid  # of the wrapper, if it does not exec
        self.stdout_lines, self.stderr_lines = [], []
        self._changed = threading.Condition()
        self._readers = []
        if read_stderr:
            self._readers.append(self._collect(self.process.stderr, self.stderr_lines))
        if read_stdout:
            self._readers.append(self._collect(self.process.stdout, self.stdout_lines))
            line = self.wait_for_line(r"^aws: serving .*", self.stdout_lines)
        else:
            line = self.process.stdout.readline().decode()
        self.port = int(re.search(r":(\d+)/", line).group(1))

    def _collect(self, stream, lines):
        def read():
            for line in stream:
                with self._changed:
                    lines.append(line.decode(errors="replace").rstrip("\n"))
                    self._changed.notify_all()
            with self._changed:
                lines.append(None)  # the end
                self._changed.notify_all()
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def wait_for_line(self, pattern, lines=None, count=1, timeout=60):
        """Waits until `count` lines (of stderr, or of `lines`) match; returns the last of them."""
        lines = self.stderr_lines if lines is None else lines

        def found():
            hits = [line for line in lines if line is not None and re.search(pattern, line)]
            return hits[count - 1] if len(hits) >= count else (lines and lines[-1] is None)
        with self._changed:
            line = self._changed.wait_for(found, timeout)
        assert isinstance(line, str), f"no line like {pattern!r}: {self.output()}"
        return line

    def output(self):
        return "\n".join(x for x in self.stdout_lines + self.stderr_lines if x is not None)

    def client(self, timeout=30):
        return Client(self.port, timeout)

    def get(self, target, method="GET", headers=(), timeout=30):
        """One request on a connection of its own; returns its Answer."""
        with self.client(timeout) as client:
            client.request(target, method, headers=[("Connection", "close"), *headers])
            return client.answer(method)

    def wait(self, timeout=60):
        """Waits for the end of the process; returns its exit status."""
        status = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return status

    def stop(self, signal_number=signal.SIGTERM, timeout=60):
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.wait(timeout)

    @property
    def audit(self):
        """The audit's line, once the server has ended."""
        lines = [line for line in self.stderr_lines if line and "audit:" in line]
        return lines[-1] if lines else None


CLEAN = "aws: audit: 0 connections, 0 descriptors, 0 buffers, 0 reads left"


@pytest.fixture
def start(tmp_path):
    """start(root, *options, …) → Server; see its constructor. Ended and audited after the test."""
    servers = []

    def start_one(root=tmp_path, *options, **keywords):
        server = Server(root, *options, **keywords)
        servers.append(server)
        return server

    yield start_one
    problems = []
    for server in servers:
        ended_before = server.process.poll() is not None
        status = server.stop()
        if ended_before and status == -signal.SIGKILL:
            continue  # the test meant it
        if status != 0 or server.audit != CLEAN:
            problems.append(f"exit status {status}, {server.audit}\n{server.output()}")
    assert not problems, "\n".join(problems)


@pytest.fixture(params=[False, True], ids=["plain", "shim"])
def shim(request):
    """Whether the server meets partial I/O at every call."""
    return request.param


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def write_file(path, size, seed=None):
    """Makes a file of `size` reproducible bytes, none of them alike by blocks; returns them."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = random.Random(size if seed is None else seed).randbytes(size)
    path.write_bytes(content)
    return content


@pytest.fixture
def make_file(tmp_path):
    """make_file("static/x", size) → its bytes, under the temporary root."""
    for name in KINDS:
        (tmp_path / name).mkdir(exist_ok=True)

    def make(name, size, seed=None):
        return write_file(tmp_path / name, size, seed)
    make.root = tmp_path
    return make
