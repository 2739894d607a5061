"""How long to wait for an event before it counts as missing.

Limits are generous, and scaled once for each submission by how long this machine takes to start programs, so that a slow
or a busy machine does not cost points. No test measures a duration.
"""
from __future__ import annotations

import subprocess
import time
from typing import Callable, Optional

NOMINAL_START_S = 0.01  # what starting `sh` and waiting for its end takes on an idle machine
SLOWEST_SCALE = 8.0
VALGRIND_FACTOR = 4.0
STEP_S = 0.004


class Patience:
    """Waits for events: `base_s` seconds at most on a fast machine, `limit_s` on this one."""

    def __init__(self, base_s: float, scale: float = 1.0):
        self.base_s = base_s
        self.scale = scale

    @property
    def limit_s(self) -> float:
        return self.base_s * self.scale

    def under_valgrind(self) -> "Patience":
        return Patience(self.base_s * VALGRIND_FACTOR, self.scale)

    def until(self, happened: Callable[[], object], factor: float = 1.0) -> bool:
        """Looks again and again until `happened` returns something true; False when the limit is over."""
        deadline = time.monotonic() + self.limit_s * factor
        while not happened():
            if time.monotonic() > deadline:
                return bool(happened())
            time.sleep(STEP_S)
        return True


def measured_scale(command: Optional[list] = None) -> float:
    """This machine's slowness at starting programs: 1.0 if it is as fast as an idle one, 8.0 at most."""
    durations = []
    for _ in range(5):
        begin = time.monotonic()
        subprocess.run(command or ["sh", "-c", ":"], check=False)
        durations.append(time.monotonic() - begin)
    return min(SLOWEST_SCALE, max(1.0, sorted(durations)[-2] / NOMINAL_START_S))
