"""Running servers: started pinned to the servers' core, ready when they answer, always ended."""
import contextlib
import ctypes
import http.client
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import peers
import process_tree

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
READY_WITHIN_S = 20
END_WITHIN_S = 20


class Failure(Exception):
    """A server or a client that does not do what it is measured for."""


def pin_here():
    """Binds this process, and the clients that it will start, to the clients' core."""
    os.sched_setaffinity(0, {CLIENT_CORE})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, target, method="GET", headers=None):
    """One request on a connection of its own; returns status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, target, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    except ConnectionResetError:
        raise
    except http.client.HTTPException as problem:
        raise Failure(f"it answers {target} by what is no HTTP: {problem!r}") from None
    finally:
        connection.close()


class Server:
    """One running server. `pid` is the root of its process tree; use `running`, which ends it."""

    def __init__(self, name, root, setup=None, options=(), **answer):
        self.name = name
        self.recipe = peers.RECIPES[name]
        self.folder = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
        self.port = free_port()
        place = peers.Place(root=root, port=self.port, folder=self.folder, **answer)
        command = [str(word) for word in self.recipe.command(place, *self.recipe.options, *options)]

        def prepare():
            os.sched_setaffinity(0, {SERVER_CORE})
            # The last resort, should we be killed: nobody else would end it.
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if setup:
                setup()
        self.output = open(self.folder / "output", "w+", encoding="utf-8", errors="replace")
        started = time.monotonic()
        try:
            self.process = subprocess.Popen(command, preexec_fn=prepare, stdin=subprocess.DEVNULL,
                                            stdout=self.output, stderr=subprocess.STDOUT)
        except OSError as error:
            self._clear_away()
            raise Failure(f"{name} cannot be started: {error}") from None
        self.pid = self.process.pid
        try:
            self.start_ms = (self._wait_until_ready() - started) * 1000
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self):
        """Until it takes a connection and answers on it, whatever the answer is; returns when."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended at start: {self.told()}")
            try:
                ask(self.port, "/")
                answered = time.monotonic()
                # Somebody else may have taken the port since it was found free.
                if process_tree.listens(self.pid, self.port):
                    return answered
            except (ConnectionRefusedError, ConnectionResetError):
                pass
            except OSError as problem:
                raise Failure(f"{self.name} does not answer: {problem}") from None
            time.sleep(0.0002)
        raise Failure(f"{self.name} did not answer within {READY_WITHIN_S} s: {self.told()}")

    def told(self):
        """What it printed so far."""
        self.output.flush()
        return (self.folder / "output").read_text(errors="replace").strip()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.last_words = self.told()
        self._clear_away()

    def _clear_away(self):
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def running(names, root, setup=None, options=(), **answer):
    """The named servers, all started; ended however the block ends. One that does not start is
    told, and left out."""
    with contextlib.ExitStack() as stack:
        started = []
        for name in names:
            try:
                server = Server(name, root, setup, options, **answer)
            except Failure as failure:
                print(f"bench: {failure}", file=sys.stderr)
                continue
            stack.callback(server.stop)
            started.append(server)
        yield started


def available(names):
    """Those of `names` that can be measured here, and a line for each that cannot."""
    problems = {name: peers.RECIPES[name].missing() for name in names}
    return ([name for name in names if not problems[name]],
            [f"skipped: {peers.RECIPES[name].label}: {problem}"
             for name, problem in problems.items() if problem])
