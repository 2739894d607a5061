"""Namespaces around untrusted programs, through bwrap where it is installed, else through unshare.

There are two layers. The *enclosure* holds one worker, which is our own code: it has a network and process ids of its
own, and everything in it dies with the worker. The *jail* holds one command of the submission: it sees the submission's
directory, a read-only system and a private /tmp. Both tools work without privileges. When the grader runs as root, the
jail's commands run as an unprivileged user, because the kernel does not limit the number of root's processes.
"""
from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Optional

JAIL_SCRIPT = Path(__file__).with_name("jail.sh")
SYSTEM_PATHS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix")
TMP_BYTES = 256 << 20
FIRST_UID = 4_242_000  # a number that no system gives to a user; one for each job
PROBE_LIMIT_S = 30
# bwrap's own --proc hides parts of /proc when root calls it, and then the kernel lets no jail have a /proc at all.
MOUNT_PROC = ("sh", "-c", 'mount -t proc proc /proc && exec "$@"', "sh")


class Isolation:
    """How commands are separated from the machine: kind is "bwrap", "unshare" or "none".

    `as_root` is whether the grader was started by root, which a worker cannot see: in an enclosure every user is number 0.
    `other_threads` is how many threads the same user has elsewhere: before Linux 5.14, RLIMIT_NPROC counts them, too.
    """

    def __init__(self, kind: str, job: int = 0, as_root: Optional[bool] = None, other_threads: int = 0):
        self.kind = kind
        self.as_root = os.geteuid() == 0 if as_root is None else as_root
        self.uid = FIRST_UID + job
        self.other_threads = other_threads

    @property
    def isolates(self) -> bool:
        return self.kind != "none"

    def enclosure(self) -> list[str]:
        """The command prefix that gives a worker its own network and process ids."""
        if self.kind == "bwrap":
            user = [] if self.as_root else ["--unshare-user", "--uid", "0", "--gid", "0"]
            return ["bwrap", *user, "--unshare-pid", "--unshare-net", "--dev-bind", "/", "/", "--cap-add",
                    "ALL", "--die-with-parent", "--", *MOUNT_PROC]
        if self.kind == "unshare":
            user = [] if self.as_root else ["--user", "--map-root-user"]
            return ["unshare", *user, "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
        return []

    def jail(self, box: Path, directory: Path, readable: list[Path]) -> list[str]:
        """The command prefix for the submission: `box` is writable, `readable` are further read-only files."""
        paths = [path for path in SYSTEM_PATHS if os.path.lexists(path)] + [str(path) for path in readable]
        if self.kind == "bwrap":
            binds = [word for path in paths for word in bwrap_bind(path)]
            return ["bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--unshare-ipc",
                    "--unshare-uts", "--die-with-parent", "--new-session", *binds, "--proc", "/proc", "--dev", "/dev", *bwrap_tmp(), "--bind", str(box),
                    str(box), *late_binds(readable), "--remount-ro", "/", "--chdir", str(directory), "--"]
        if self.kind == "unshare":
            return ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--ipc", "--uts", "--fork",
                    "--kill-child", "--", "sh", str(JAIL_SCRIPT), str(root_beside(box)), str(box), str(directory),
                    str(TMP_BYTES), *paths, "--"]
        return []


def root_beside(box: Path) -> Path:
    """The empty directory in which unshare's jail is put together; the workspace makes it beside the box."""
    return box.with_name("root")


def bwrap_bind(path: str) -> list[str]:
    """/bin is a link into /usr on most systems, and stays one."""
    if os.path.islink(path):
        return ["--symlink", os.readlink(path), path]
    return ["--ro-bind", path, path] if not path.startswith("/tmp/") else []


@functools.lru_cache(maxsize=None)
def bwrap_tmp() -> tuple[str, ...]:
    """Versions before 0.5 cannot limit the size; RLIMIT_FSIZE limits each file anyway."""
    usage = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False)
    size = ["--size", str(TMP_BYTES)] if "--size" in usage.stdout + usage.stderr else []
    return (*size, "--tmpfs", "/tmp")


def late_binds(readable: list[Path]) -> list[str]:
    """Files beneath /tmp are bound after the private /tmp, which would hide them."""
    return [word for path in readable if str(path).startswith("/tmp/") for word in ("--ro-bind", str(path), str(path))]


def works(kind: str) -> bool:
    """Whether a jail within an enclosure, with a private network in between, can be had by this tool."""
    if not shutil.which(kind):
        return False
    isolation = Isolation(kind)
    drop = ["setpriv", "--reuid", str(FIRST_UID), "--regid", str(FIRST_UID), "--clear-groups"]
    with tempfile.TemporaryDirectory(prefix="grade-") as name:
        box = Path(name) / "box"
        box.mkdir()
        root_beside(box).mkdir()
        os.chmod(name, 0o755)
        inner = isolation.jail(box, box, []) + ["true"]
        command = isolation.enclosure() + (drop if isolation.as_root else []) + inner
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_LIMIT_S,
                                  check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0


def best_kind(wanted: str = "auto") -> str:
    """The tool to use: the one that is wanted if it works, else "none"."""
    kinds = ("bwrap", "unshare") if wanted == "auto" else (wanted,)
    return next((kind for kind in kinds if kind != "none" and works(kind)), "none")
