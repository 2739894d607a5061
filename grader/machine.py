"""What this machine must have for grading: one line and exit status 3 if something is missing."""
from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.check import ALL
from grader.client import PORT
from grader.errors import MachineLacks
from grader.process import missing_program
from grader.scheme import Row

TOP = Path(__file__).resolve().parents[1]
SHIM = "sockop_preload.so"


def require_programs(rows: list[Row], submissions: list[Path], isolates: bool) -> None:
    """Looks for the programs that these tests call."""
    if sys.platform != "linux":
        raise MachineLacks("Linux is needed: epoll, sendfile and io_submit are its calls")
    if any(path.is_dir() for path in submissions):
        require("make", "install make and a compiler, to build submissions")
    if any(ALL[row.id].memcheck or "valgrind" in row.id for row in rows):
        for name in ("valgrind", "vgdb"):
            require(name, "install valgrind, or leave its tests out by --scheme or --only")
        if isolates:
            require("nsenter", "install util-linux, which looks into the submissions' namespaces")


def require(name: str, advice: str) -> None:
    if missing_program(name):
        raise MachineLacks(f"{name} is not installed: {advice}")


def require_free_port() -> None:
    """Without a network of its own, the submission needs port 8888 of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError as error:
            raise MachineLacks(f"port {PORT} is in use: end the program that listens there") from error


def temporary_directory() -> str:
    """Where submissions are copied to. When root grades, they run as another user, which must be able to
    enter this directory."""
    candidates = [tempfile.gettempdir(), "/tmp", "/var/tmp"]
    if os.geteuid() != 0:
        return candidates[0]
    for candidate in candidates:
        path = Path(candidate).resolve()
        if all(one.is_dir() and one.stat().st_mode & 0o001 for one in (path, *path.parents)):
            return str(path)
    raise MachineLacks(f"{candidates[0]} can be entered by root alone: set TMPDIR to a directory that others can enter")


def shim(directory: Path) -> Path:
    """The fault library for the submissions: the one that `make` built, else one that is compiled now; in `directory`."""
    goal = directory / SHIM
    built = TOP / SHIM
    if built.is_file():
        shutil.copy2(built, goal)
    else:
        compile_shim(goal)
    os.chmod(goal, 0o755)
    return goal


def compile_shim(goal: Path) -> None:
    """Needs nothing but a C compiler and the sources beside the grader."""
    compiler = next((name for name in (os.environ.get("CC"), "cc", "gcc", "clang") if name and shutil.which(name)), None)
    sources = sorted(str(path) for path in (TOP / "preload").glob("*.c"))
    if not compiler or not sources:
        raise MachineLacks(f"{SHIM} is not built: run `make {SHIM}` in {TOP}")
    done = subprocess.run([compiler, "-std=c17", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-U_FORTIFY_SOURCE",
                           "-o", str(goal), *sources, "-ldl", "-lpthread"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MachineLacks(f"{SHIM} cannot be compiled: run `make {SHIM}` in {TOP} to see why")
