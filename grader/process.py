"""Starts a command in the jail, knows its process id out here, and leaves nothing of it behind."""
from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Optional

from grader import procfs
from grader.isolation import Isolation
from grader.limits import Limits
from grader.time_limit import OWN

# Writes its process id as the jail counts it, then becomes the command.
TELL_PID = 'umask 022; echo $$ >"$0.new" && mv -f "$0.new" "$0" && exec "$@"'
HOLD = TELL_PID.replace("exec", "kill -STOP $$ && exec")
ENDING_LIMIT_S = 20.0  # the jail ends a moment after its command
LOG_TAIL_BYTES = 64 << 10


def environment() -> dict[str, str]:
    """What a submission's commands are given: nothing of the grader's own environment but where programs are."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8"}


class Process:
    """One command in a jail of its own. `pid` is its number in this namespace, or None if it ended at once.

    If it is to be `held`, it stops by SIGSTOP before it becomes the command.
    """

    def __init__(self, isolation: Isolation, box: Path, directory: Path, command: list[str], log: Path,
                 limits: Limits, readable: list[Path], held: bool = False):
        self.log = log
        limits = dataclasses.replace(limits, processes=limits.processes + isolation.other_threads)
        self._isolates = isolation.isolates
        pid_file = box / f".{log.stem}.pid"
        pid_file.unlink(missing_ok=True)
        jail = isolation.jail(box, directory, readable)
        self._user = {"user": isolation.uid, "group": isolation.uid, "extra_groups": []} if isolation.as_root else {}
        with open(log, "wb") as output:
            self._starter = subprocess.Popen(
                [*jail, "sh", "-c", HOLD if held else TELL_PID, str(pid_file), *command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env=environment(), cwd="/" if jail else directory, preexec_fn=limits.apply,
                start_new_session=True, **self._user)
        OWN.until(lambda: pid_file.exists() or self.has_ended)
        self.inner_pid = int(pid_file.read_text() or 0) if pid_file.exists() else 0
        self.pid = self._outer_pid()

    def _outer_pid(self) -> Optional[int]:
        if not self._isolates:
            return self._starter.pid
        return procfs.descendant_by_inner_pid(self._starter.pid, self.inner_pid) if self.inner_pid else None

    @property
    def runs(self) -> bool:
        return not self.has_ended and self.pid is not None and not procfs.is_exiting(self.pid)

    @property
    def has_ended(self) -> bool:
        return self._starter.poll() is not None

    def wait(self, limit_s: float) -> Optional[int]:
        """The exit status (128 + N after signal N, as in a shell), or None if it still runs after `limit_s`."""
        try:
            status = self._starter.wait(limit_s)
        except subprocess.TimeoutExpired:
            return None
        return status if status >= 0 else 128 - status

    def ending(self) -> str:
        """How it ended, in words."""
        status = self.wait(ENDING_LIMIT_S)
        if status is None:
            return "it still runs"
        if status > 128:
            number = status - 128
            known = number in {int(one) for one in signal.Signals}
            return f"it was ended by {signal.Signals(number).name if known else f'signal {number}'}"
        return f"it ended with exit status {status}"

    def signal(self, number: int) -> None:
        if self.pid is not None and procfs.exists(self.pid):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends the command as `kill -9` does, and whatever it started."""
        left = procfs.descendants(self._starter.pid)
        if not self.has_ended:
            self._starter.kill()
        self._starter.wait()
        if self._isolates:
            OWN.until(lambda: not any(procfs.exists(pid) for pid in left))
        else:
            OWN.until(no_child_is_left)

    def in_jail(self, command: list[str], limit_s: float) -> str:
        """Runs a command of ours beside the jail's own, where its process ids and files are; returns its output."""
        enter = ["nsenter", "--target", str(self.pid), "--user", "--mount", "--pid", "--preserve-credentials", "--"]
        done = subprocess.run((enter if self._isolates else []) + command, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit_s, check=False,
                              env=environment(), **self._user)
        return done.stdout.decode(errors="replace")

    def last_lines(self, count: int = 12) -> list[str]:
        """The end of what it wrote to its standard output and error."""
        try:
            with open(self.log, "rb") as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - LOG_TAIL_BYTES))
                return log.read().decode(errors="replace").splitlines()[-count:]
        except OSError:
            return []


def no_child_is_left() -> bool:
    """Ends whatever descends from this process: without a jail, that includes what has left its parent (see adopt_orphans)."""
    left = [pid for pid in procfs.descendants(os.getpid()) if procfs.exists(pid)]
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return not left


def missing_program(*names: str) -> Optional[str]:
    return next((name for name in names if not shutil.which(name)), None)
