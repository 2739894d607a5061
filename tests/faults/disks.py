"""Disks as tests want them: cold files, late completions, odd file systems; and what a server says
of how it came by what it sent."""
import ctypes
import errno
import mmap
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from observe import is_trial

PAGE = 4096
EVICTIONS = 2000  # tries: a page that somebody holds for a moment stays
WINDOW = 256 << 10  # what the server announces at a time
SOURCE = Path(__file__).with_name("odd_disk.c")


def tells(path):
    """Whether the file system under `path`, a file, says what it has in memory."""
    with open(path, "rb") as file:
        try:
            os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)
        except BlockingIOError:
            return True
        except OSError as error:
            assert error.errno == errno.EOPNOTSUPP
            return False
    return True


def pages_in_memory(path):
    """How many of the file's pages are in memory. Asking by a read would bring them in."""
    size = os.path.getsize(path)
    vector = ctypes.create_string_buffer((size + PAGE - 1) // PAGE)
    with open(path, "rb") as file, mmap.mmap(
            file.fileno(), size, access=mmap.ACCESS_COPY) as pages:
        view = ctypes.c_char.from_buffer(pages)
        failed = ctypes.CDLL(None, use_errno=True).mincore(
            ctypes.c_void_p(ctypes.addressof(view)), ctypes.c_size_t(size), vector)
        del view
        assert not failed, os.strerror(ctypes.get_errno())
    return sum(byte & 1 for byte in vector.raw)


def evict(path):
    """Has the kernel drop the file's pages. Skips the test where that cannot be known."""
    if not tells(path):
        pytest.skip(f"the file system of {path} does not tell what it has in memory")

    def drop():
        with open(path, "r+b") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return pages_in_memory(path) == 0
    for _ in range(EVICTIONS):
        if drop():
            return
    pytest.skip(f"the kernel does not let go of the pages of {path}")


class OddDisk:
    """The preloaded library: `env` for the server, and the gate behind which completions wait."""

    def __init__(self, preloaded, folder):
        self.preloaded = preloaded
        self.gate = folder / "gate"
        os.mkfifo(self.gate)

    def env(self, *words):
        return {"LD_PRELOAD": str(self.preloaded), "ODD_DISK": " ".join(words),
                "ODD_DISK_GATE": str(self.gate)}

    def open(self):
        """Lets everything through that was held, and is to come. Waits until that is so."""
        self.gate.open("wb").close()


@pytest.fixture(scope="session")
def odd_disk_library(tmp_path_factory):
    library = tmp_path_factory.mktemp("odd") / "odd_disk.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library


@pytest.fixture
def odd_disk(odd_disk_library, tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    disk = OddDisk(odd_disk_library, folder)
    yield disk
    try:  # whoever still waits there must be able to end
        os.close(os.open(disk.gate, os.O_WRONLY | os.O_NONBLOCK))
    except OSError as error:
        assert error.errno == errno.ENXIO


def disk_counters(server):
    """Ends the server; returns what it counted, such as {"windows announced": 3}."""
    assert server.stop() == 0, server.output()
    lines = [line for line in server.stderr_lines if line and "disk: " in line]
    counters = {}
    for part in lines[-1].split("disk: ", 1)[1].split("; ") if lines else []:
        what, row = part.split(": ", 1)
        for item in row.split(", "):
            number, name = item.split(" ", 1)
            counters[f"{what} {name}"] = int(number)
    return counters


def mounted(*words):
    """A wrapper for `start`, under which the server alone sees what `mount` does with `words`.
    Skips the test where that may not be."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    script = f'mount {shlex.join(map(str, words))} && exec "$@"'
    wrapper = ("unshare", "-m", "sh", "-c", script, "sh")
    tried = subprocess.run([*wrapper, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"mount {words}: {tried.stderr.strip()}")
    return wrapper


def calls_by_thread(strace):
    """{thread: its calls in order}, from what a Strace wrote."""
    found, unfinished = {}, {}
    for line in strace.file.read_text(errors="replace").splitlines():
        thread, call = line.split(maxsplit=1)
        if call.endswith("<unfinished ...>"):
            unfinished[thread] = call.removesuffix("<unfinished ...>").rstrip()
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            call = unfinished.pop(thread, "") + resumed.group(1)
        if not is_trial(call):
            found.setdefault(thread, []).append(call)
    return found
