"""One run of a submission's ./aws, started as the course's checker starts it, and looked at from outside."""
from __future__ import annotations

import signal
from pathlib import Path
from typing import Optional

from grader import procfs
from grader.client import PORT
from grader.errors import Failed
from grader.isolation import Isolation
from grader.limits import SERVER, VALGRIND, Limits
from grader.process import Process
from grader.time_limit import BRIEF, TimeLimit
from grader.tracer import Tracer
from grader.workspace import Workspace

COURSE_PLAN = "course"  # what the course's own preloaded library does, see docs/fault-injection.md
VALGRIND_OPTIONS = ("--leak-check=full", "--show-leak-kinds=all", "--num-callers=12", "--vgdb=yes",
                    "--vgdb-error=999999999", "--child-silent-after-fork=yes")


class Server:
    """./aws without arguments in the directory that holds static/ and dynamic/, with `plan` preloaded."""

    def __init__(self, workspace: Workspace, isolation: Isolation, time_limit: TimeLimit, shim: Path,
                 plan: Optional[str] = COURSE_PLAN, valgrind: bool = False, open_files: Optional[int] = None, traced: bool = False):
        self.time_limit = time_limit
        self.valgrind = valgrind
        self.vgdb_prefix = workspace.box / "vgdb"
        self.valgrind_log = workspace.box / "valgrind.log"
        self.valgrind_log.unlink(missing_ok=True)
        command = ["./aws"]
        if valgrind:
            command = ["valgrind", *VALGRIND_OPTIONS, f"--vgdb-prefix={self.vgdb_prefix}",
                       f"--log-file={self.valgrind_log}", *command]
        if plan is not None:
            command = ["env", f"LD_PRELOAD={shim}", f"SOCKOP={plan}", *command]
        limits = VALGRIND if valgrind else SERVER
        if open_files:
            limits = Limits(memory_bytes=limits.memory_bytes, open_files=open_files)
        self.process = Process(isolation, workspace.box, workspace.site, command, workspace.log("server"), limits,
                               [shim], held=traced)
        self.tracer: Optional[Tracer] = None
        if traced:
            time_limit.until(lambda: procfs.state(self.pid) == "T" or not self.alive)
            self.tracer = Tracer(self.pid)

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    @property
    def alive(self) -> bool:
        return self.process.runs

    def wait_until_listening(self) -> None:
        def listens() -> bool:
            return any(one.local_port == PORT and one.state == procfs.LISTEN for one in procfs.sockets())
        if not self.time_limit.until(lambda: listens() or not self.alive):
            raise Failed("the server listens on port 8888", "it runs, but does not listen there")
        if not self.alive:
            raise Failed("the server listens on port 8888", f"{self.process.ending()}")

    def must_be_alive(self, after: str) -> None:
        if not self.alive:
            raise Failed(f"the server still runs after {after}", f"{self.process.ending()}")

    def sockets(self, state: str) -> list[procfs.Socket]:
        return [one for one in procfs.sockets_of(self.pid) if one.state == state]

    def established(self) -> int:
        """How many connected clients `lsof -p PID` shows."""
        return len(self.sockets(procfs.ESTABLISHED))

    def connections(self) -> int:
        """How many sockets of clients the process holds, in any state."""
        return sum(one.state != procfs.LISTEN for one in procfs.sockets_of(self.pid))

    def has_read(self, *client_ports: int) -> bool:
        """Whether the server has accepted these clients and read all that they sent, or has given them up."""
        ends = [one for one in procfs.sockets() if one.local_port == PORT and one.peer_port in client_ports]
        return all(one.state != procfs.ESTABLISHED or (one.inode and one.unread_bytes == 0) for one in ends)

    def settle(self) -> None:
        """Gives the server the time to finish what it does, until all of its threads sleep. One that never does goes on."""
        self.time_limit.until(lambda: procfs.sleeps(self.pid), BRIEF)

    def settle_without_clients(self) -> None:
        """The same, after it has seen that its clients have gone."""
        self.time_limit.until(lambda: self.connections() == 0, BRIEF)
        self.settle()

    def open_descriptors(self) -> int:
        return len(procfs.descriptors(self.pid))

    def signal(self, number: int) -> None:
        self.process.signal(number)

    def freeze_and_thaw(self) -> None:
        """SIGSTOP, then SIGCONT: the kernel interrupts epoll_wait(2) and others by EINTR, see signal(7)."""
        self.settle()
        self.signal(signal.SIGSTOP)
        self.time_limit.until(lambda: procfs.state(self.pid) in ("T", "t", ""))
        self.signal(signal.SIGCONT)
        self.time_limit.until(lambda: procfs.state(self.pid) not in ("T", "t"))

    def kill(self) -> None:
        self.process.kill()
