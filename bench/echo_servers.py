"""The echo servers that `make bench-echo` measures: how each is started, and what it is."""
import contextlib
import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass

import process_tree
from peers import TOP
from servers import SERVER_CORE, Failure, free_port

READY_WITHIN_S = 20
END_WITHIN_S = 20
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


@dataclass(frozen=True)
class Recipe:
    name: str
    label: str
    program: str  # beneath build/
    options: tuple = ()
    port_option: tuple = ()  # in front of the port's number
    package: str = ""  # pkg-config's name of the library that it needs

    def missing(self):
        """Why it cannot be measured here, or an empty string."""
        if not (TOP / "build" / self.program).is_file():
            return f"{self.package or self.program} was not found when the benchmark was built"
        return ""

    def version(self):
        """The library and its version, as pkg-config knows it."""
        said = subprocess.run(["pkg-config", "--modversion", self.package], capture_output=True,
                              text=True, check=False)
        return f"{self.package} {said.stdout.strip()}"


RECIPES = (
    Recipe("aws", "aws (examples/echo)", "examples/echo", ("--threads", "1"), ("--port",)),
    Recipe("libuv", "libuv", "bench/echo_libuv", package="libuv"),
    Recipe("libevent", "libevent", "bench/echo_libevent", package="libevent"),
    Recipe("floor", "floor (raw epoll)", "bench/echo_floor"),
)


class EchoServer:
    """A running echo server, bound to the servers' core."""

    def __init__(self, recipe):
        self.recipe = recipe
        self.port = free_port()
        command = [str(TOP / "build" / recipe.program), *recipe.options, *recipe.port_option,
                   str(self.port)]

        def prepare():
            os.sched_setaffinity(0, {SERVER_CORE})
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # if this process is killed
        self.process = subprocess.Popen(command, preexec_fn=prepare, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)
        self.pid = self.process.pid
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Failure(f"{recipe.label} does not listen")
            time.sleep(0.001)

    def _listens(self):
        # libuv and the floor listen on 127.0.0.1, aws on all addresses of both families.
        with contextlib.suppress(FileNotFoundError):
            if process_tree.listens(self.pid, self.port):
                return True
            return process_tree.listens(self.pid, self.port, "tcp6")
        return False

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(recipes):
    """An EchoServer for each of `recipes`; ended however the block ends."""
    with contextlib.ExitStack() as stack:
        servers = []
        for recipe in recipes:
            server = EchoServer(recipe)
            stack.callback(server.stop)
            servers.append(server)
        yield servers
