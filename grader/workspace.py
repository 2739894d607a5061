"""The directories of one submission while it is graded, and the files that its server is asked for.

    WORKSPACE/box/site/      the copy of the submission: here it is built and started
    WORKSPACE/box/site/static/, dynamic/       what it serves, as the course has it, and some files for the extra tests
    WORKSPACE/box/secret.txt     beside the document root: must never be served
    WORKSPACE/logs/          the build's and each server's output
    WORKSPACE/root/          where unshare's jail is put together
"""
from __future__ import annotations

import os
import random
import shutil
import stat
from pathlib import Path

from grader.errors import BadCommandLine, Failed
from grader.isolation import Isolation

SMALL_BYTES, LARGE_BYTES, FILES = 2 << 10, 2 << 20, 50
HUGE_BYTES = 12 << 20  # more than the buffers of two sockets hold, so that a transfer can be caught in its middle
POOL_BYTES = LARGE_BYTES + 64 * FILES
SUBMISSION_LIMIT_BYTES = 1 << 30
EXTRA_SIZES = (0, 1, 511, 512, 513, 4095, 4096, 4097, 8191, 8192, 8193, 16383, 16384, 16385, 65536, 131072)


def file_name(kind: str, number: int) -> str:
    return f"{kind}{number:02d}.dat"


def skip_unusual(directory: str, names: list[str]) -> list[str]:
    """Version control's files, and what is neither a file, a directory nor a link, are not copied."""
    def usual(name: str) -> bool:
        mode = os.lstat(os.path.join(directory, name)).st_mode
        return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
    return [name for name in names if name == ".git" or not usual(name)]


def size_of(directory: Path) -> int:
    return sum(os.lstat(os.path.join(where, name)).st_size for where, _, names in os.walk(directory) for name in names)


class Workspace:
    """Made for one submission beneath `top`, and removed by `remove`."""

    def __init__(self, top: Path):
        self.top = top
        self.box = top / "box"
        self.site = self.box / "site"
        self.logs = top / "logs"
        for directory in (self.box, self.logs, top / "root"):
            directory.mkdir(parents=True)
        self.secret = b""
        self._content: dict[str, bytes] = {}

    def take(self, submission: Path) -> None:
        """Copies the submission: a directory as it is, a program under the name aws."""
        if submission.is_dir():
            if size_of(submission) > SUBMISSION_LIMIT_BYTES:
                raise BadCommandLine(f"{submission} holds more than 1 GiB: name the directory of one submission")
            shutil.copytree(submission, self.site, symlinks=True, ignore=skip_unusual)
        else:
            self.site.mkdir()
            shutil.copy2(submission, self.site / "aws")
            os.chmod(self.site / "aws", 0o755)

    def hand_over(self, isolation: Isolation) -> None:
        """Lets the jail's user write here, when that is not the grading user."""
        if not isolation.as_root:
            return
        os.lchown(self.box, isolation.uid, isolation.uid)
        for where, directories, names in os.walk(self.site):
            for path in [where, *(os.path.join(where, name) for name in directories + names)]:
                os.lchown(path, isolation.uid, isolation.uid)

    def take_back(self, isolation: Isolation) -> None:
        """From now on the jail's user may add files, but not replace those that are served: a sticky directory."""
        if isolation.as_root:
            for path in (self.box, self.site):
                os.lchown(path, 0, 0)
                os.chmod(path, 0o1777)

    def fill(self, seed: int) -> None:
        """Makes static/ and dynamic/ as the course's checker does; their bytes depend on the seed alone."""
        for kind in ("static", "dynamic"):
            path = self.site / kind
            if path.is_symlink() or path.is_file():
                path.unlink()
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(mode=0o755)
        generator = random.Random(seed)
        pool = generator.randbytes(POOL_BYTES)
        for number in range(FILES):
            self.add(file_name("small", number), generator.randbytes(SMALL_BYTES))
            self.add(file_name("large", number), pool[64 * number:64 * number + LARGE_BYTES])
        self.add("huge.dat", generator.randbytes(HUGE_BYTES))
        for size in EXTRA_SIZES:
            self.add(f"size{size}.dat", pool[:size])
        token = generator.randbytes(16).hex()
        self.secret = f"secret-{token}".encode()
        for path in (self.box / "secret.txt", self.site / "secret.txt"):
            path.unlink(missing_ok=True)
            path.write_bytes(self.secret + b"\n")

    def must_be_whole(self) -> None:
        """The submission may write here. Nothing is written through a link that it has put in a directory's place."""
        for path in (self.site, self.site / "static", self.site / "dynamic"):
            if path.is_symlink() or not path.is_dir():
                raise Failed(f"{path.name}/ is left as it was", "the submission has replaced it")

    def add(self, name: str, content: bytes) -> None:
        """A static file, and a dynamic one of that name which is a link to it, as in the course."""
        (self.site / "static" / name).write_bytes(content)
        link = self.site / "dynamic" / name
        if not link.is_symlink():
            link.symlink_to(f"../static/{name}")
        self._content[name] = content

    def content(self, target: str) -> bytes:
        """The bytes that a request for /static/NAME or /dynamic/NAME must bring."""
        return self._content[target.rpartition("/")[2]]

    def log(self, name: str) -> Path:
        """A new file for the output of a command."""
        number = len(list(self.logs.iterdir()))
        return self.logs / f"{number:03d}-{name}.log"

    def remove(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)
