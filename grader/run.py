"""One attempt of one test: what a test's function may use. Whatever it starts is ended with it."""
from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from grader import procfs
from grader.check import Check
from grader.client import Connection, fetch_all, request_bytes
from grader.errors import Failed
from grader.isolation import Isolation
from grader.network import fresh_network
from grader.response import Response
from grader.server import COURSE_PLAN, Server
from grader.submission import Build
from grader.time_limit import BRIEF, TimeLimit
from grader.valgrind import leaks_while_running, must_have_no_errors, must_not_lose
from grader.workspace import Workspace


@dataclass(frozen=True)
class Setting:
    """What all attempts of a submission's tests have in common."""
    workspace: Workspace
    isolation: Isolation
    time_limit: TimeLimit
    shim: Path
    build: Build


class Run:
    """Starts servers and asks them; `random` depends on the seed and the test's name alone."""

    def __init__(self, setting: Setting, check: Check, seed: int):
        self.workspace = setting.workspace
        self.build = setting.build
        limit = setting.time_limit.for_server(self._delay_s)
        self.time_limit = limit.under_valgrind() if check.memcheck else limit
        self.random = random.Random(f"{seed} {check.id}")
        self._setting = setting
        self._check = check
        self._servers: list[Server] = []
        self._remains: list[Path] = []
        if setting.isolation.isolates:
            fresh_network()

    def play(self) -> None:
        """Plays the test, and under valgrind twice, with a look for leaks after each."""
        if not self._check.memcheck:
            self._check.function(self)
            return
        self._check.function(self)
        before = leaks_while_running(self.server)
        self._check.function(self)
        after = leaks_while_running(self.server)
        must_have_no_errors(self.server)
        must_not_lose(before, after, "playing the test once more")

    @property
    def server(self) -> Server:
        return self._servers[-1]

    def start(self, plan: Optional[str] = COURSE_PLAN, listening: bool = True, valgrind: bool = False,
              open_files: Optional[int] = None, traced: bool = False) -> Server:
        """Starts ./aws and waits until it listens. The second round of a memcheck row gets the server of the first."""
        if self._check.memcheck and self._servers:
            return self.server
        if valgrind:
            self.time_limit = self._setting.time_limit.for_server(self._delay_s).under_valgrind()
        if not self.build.ok:
            raise Failed("a program ./aws", self.build.problem)
        server = Server(self.workspace, self._setting.isolation, self.time_limit, self._setting.shim, plan,
                        valgrind or self._check.memcheck, open_files, traced)
        self._servers.append(server)
        if listening:
            server.wait_until_listening()
        return server

    def connect(self, receive_buffer: Optional[int] = None) -> Connection:
        return Connection(self.time_limit, receive_buffer)

    def get(self, target: str, version: str = "1.1", method: str = "GET", extra: str = "") -> Response:
        """One request on a connection of its own."""
        with self.connect() as connection:
            connection.send(request_bytes(target, method, version, extra))
            return connection.response(head_only=method == "HEAD")

    def must_get(self, *targets: str, expected: str = "") -> None:
        """Downloads all targets side by side and compares them."""
        for target, response in zip(targets, fetch_all(list(targets), self.time_limit, self._all_are_read)):
            self.must_be_file(target, response, expected)

    def _all_are_read(self, client_ports: list[int]) -> None:
        """So that the downloads are under way at the same time, however slow the server is."""
        if len(client_ports) > 1:
            self.time_limit.until(lambda: self.server.has_read(*client_ports), BRIEF)

    def _delay_s(self) -> float:
        return sum(procfs.queue_delay_s(server.pid) for server in self._servers)

    def must_be_file(self, target: str, response: Response, expected: str = "") -> None:
        content = self.workspace.content(target)
        expected = f"200 and the {len(content)} bytes of {target}{' ' + expected if expected else ''}"
        if response.status != 200 or not response.framed or len(response.body) != len(content):
            raise Failed(expected, response.describe())
        if response.body != content:
            place = next(at for at, (is_, should) in enumerate(zip(response.body, content)) if is_ != should)
            raise Failed(expected, f"as many bytes, but other ones from byte {place} on")

    def must_wait_until(self, happened, expected: str, otherwise) -> None:
        """Waits for an event; `otherwise` says what is there instead, and may be a function that looks."""
        if not self.time_limit.until(happened):
            raise Failed(expected, otherwise() if callable(otherwise) else otherwise)

    def place(self, path: str) -> Path:
        """A path in the site where this run may make something; it is removed when the run ends."""
        self.workspace.must_be_whole()
        self._remains.append(self.workspace.site / path)
        return self._remains[-1]

    def file(self, name: str, content: bytes) -> None:
        """A static file, and a dynamic one that leads to it, for this run."""
        self.place(f"static/{name}")
        self.place(f"dynamic/{name}")
        self.workspace.add(name, content)

    def link(self, path: str, target: str) -> None:
        """A symbolic link in the site, for this run."""
        self.place(path).symlink_to(target)

    def directory(self, path: str) -> None:
        self.place(path).mkdir()

    def last_lines(self) -> list[str]:
        """The end of what the last server wrote."""
        return self.server.process.last_lines() if self._servers else []

    def end(self) -> None:
        for server in self._servers:
            server.kill()
        for path in self._remains:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
