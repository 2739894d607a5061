"""What a submission's processes may use. The kernel enforces these limits for each process, see getrlimit(2)."""
from __future__ import annotations

import resource
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Limits of one command. `processes` counts all of the command's user, threads included."""
    memory_bytes: int = 2048 * MIB
    file_bytes: int = 256 * MIB
    cpu_s: int = 300
    open_files: int = 4096
    processes: int = 256

    def apply(self) -> None:
        """Called in the child, between fork and exec."""
        for what, value in (
            (resource.RLIMIT_DATA, self.memory_bytes),
            (resource.RLIMIT_FSIZE, self.file_bytes),
            (resource.RLIMIT_CPU, self.cpu_s),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(what)[1]
            if hard != resource.RLIM_INFINITY:
                value = min(value, hard)
            resource.setrlimit(what, (value, value))


BUILD = Limits()
SERVER = Limits()
VALGRIND = Limits(memory_bytes=8192 * MIB)
