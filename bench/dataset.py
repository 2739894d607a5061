"""The files that are served, beneath build/bench/root: made once, the same for every server."""
import ctypes
import mmap
import os
import random
import time
from pathlib import Path

KIB, MIB = 1024, 1024 * 1024
SIZES = {"1k": KIB, "10k": 10 * KIB, "100k": 100 * KIB, "1m": MIB, "64m": 64 * MIB}
MANY_FILES, MANY_BYTES = 1000, 4 * KIB
HOT_BYTES, COLD_BYTES = 4 * KIB, 256 * MIB
KINDS = ("static", "dynamic")
LONG_AGO = 1_700_000_000  # an mtime that no validator takes for fresh


def make(path, size):
    """A file of `size` random bytes, written to the disk; left alone if it is there."""
    if path.exists() and path.stat().st_size == size:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    block = random.Random(size).randbytes(min(size, MIB))
    with open(path, "wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    os.utime(path, (LONG_AGO, LONG_AGO))


def make_all(root):
    """What the scenarios of `make bench` ask for."""
    for kind in KINDS:
        for name, size in SIZES.items():
            make(root / kind / f"{name}.bin", size)
    for number in range(MANY_FILES):
        make(root / "static/many" / f"{number}.bin", MANY_BYTES)


def make_hot_and_cold(root):
    """What `make bench-stall` asks for; one file under both kinds is one file on the disk."""
    for kind in KINDS:
        make(root / kind / "hot.bin", HOT_BYTES)
    make(root / "static/cold.bin", COLD_BYTES)
    twin = root / "dynamic/cold.bin"
    if not twin.exists():
        os.link(root / "static/cold.bin", twin)


def resident_share(path):
    """The share of a file's pages that the page cache holds, 0 to 1, by mincore(2).

    It is true for a process that may write the file, and unlike a read that does not wait it starts no
    readahead of what it misses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        pages = -(-len(mapping) // mmap.PAGESIZE)
        vector = (ctypes.c_ubyte * pages)()
        first = ctypes.c_ubyte.from_buffer(mapping)
        failed = libc.mincore(ctypes.c_void_p(ctypes.addressof(first)),
                              ctypes.c_size_t(len(mapping)), vector)
        del first  # a mapping that is referred to cannot be closed
        if failed:
            raise OSError(ctypes.get_errno(), "mincore")
        return sum(byte & 1 for byte in vector) / pages


def evict(path, attempts=50):
    """Drops a file from the page cache; returns whether all of it went.

    Pages that a socket still holds stay, so it is tried again for a while. What has no disk below
    it (tmpfs) never goes.
    """
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        for _ in range(attempts):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if resident_share(path) == 0:
                return True
            time.sleep(0.01)
    return False


def warm(root):
    """Reads every file once, so that no server is the one that finds the cache cold."""
    for path in Path(root).rglob("*.bin"):
        with open(path, "rb") as file:
            while file.read(MIB):
                pass
