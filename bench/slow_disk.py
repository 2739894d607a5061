"""A disk made slow for some processes: a cgroup with a limit of bytes read a second.

cgroup v2 (io.max) or v1 (blkio.throttle), whichever this system has and lets us write to.
"""
import os
from pathlib import Path

NAME = "aws-bench-slow-disk"


def whole_disk(path):
    """"major:minor" of the disk below a file: of the partition's disk, since limits want that."""
    device = os.stat(path).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    place = Path(f"/sys/dev/block/{number}")
    if (place / "partition").exists():
        return (place.resolve().parent / "dev").read_text().strip()
    return number


def mounts(kind):
    """(mount point, options) of all mounts of a kind of file system."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, found, options = line.split()[:4]
        if found == kind:
            yield Path(point), options.split(",")


class SlowDisk:
    """A cgroup that reads a file's disk at `bytes_s` at most; see create()."""

    def __init__(self, group):
        self.group = group

    @classmethod
    def create(cls, path, bytes_s):
        """One for the disk of `path`, or None where it cannot be."""
        disk = whole_disk(path)
        attempts = [(point / NAME, "io.max", f"{disk} rbps={bytes_s}")
                    for point, _ in mounts("cgroup2")]
        attempts += [(point / NAME, "blkio.throttle.read_bps_device", f"{disk} {bytes_s}")
                     for point, options in mounts("cgroup") if "blkio" in options]
        for group, file, limit in attempts:
            try:
                group.mkdir(exist_ok=True)
                if file == "io.max":
                    (group.parent / "cgroup.subtree_control").write_text("+io")
                (group / file).write_text(limit)
                return cls(group)
            except OSError:
                if group.exists():
                    group.rmdir()
        return None

    def join(self):
        """Puts the calling process into it; its children will be born there."""
        (self.group / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self):
        """Once its processes have ended."""
        self.group.rmdir()
