"""How long to wait for an event before it counts as missing.

Limits are generous, and scaled once for each submission by how long this machine takes to start programs. Of the time
that passes, a timer does not count what the server waits for a processor, nor what this process does. So neither a slow
nor a busy machine costs points.
"""
from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, replace
from typing import Callable, Optional

NOMINAL_START_S = 0.01  # what starting `sh` and waiting for its end takes on an idle machine
SLOWEST_SCALE = 8.0
VALGRIND_FACTOR = 4.0
STEP_S = 0.004  # between two looks of `until`
TICK_S = 0.25  # a call that waits returns at least this often, so that its timer can be asked
LEAST_SHARE = 0.1  # of the time that passes, which always counts, so that each wait ends
SHORTEST_TICK_S = 0.02  # a timer that is asked more often does not look
LONGEST_TICK_S = 2 * TICK_S  # a longer one means that this process was kept from running
BRIEF = 0.1  # the part of a limit for an event that only sharpens a test: the test goes on without it
OWN_LIMIT_S = 600.0  # for what the grader's own processes do, which have no reason to fail


def never_delayed() -> float:
    return 0.0


class Timer:
    """Counts down `limit_s` seconds. `delay_s` tells how long the server has waited for processors, in all."""

    def __init__(self, limit_s: float, delay_s: Callable[[], float] = never_delayed,
                 now_s: Callable[[], float] = time.monotonic):
        self._limit_s = limit_s
        self._delay_s, self._now_s = delay_s, now_s
        self._delay, self._now = delay_s(), now_s()
        self._passed = self._delayed = 0.0

    def is_over(self) -> bool:
        """To be asked every TICK_S or more often. However busy the machine is, a part of the time counts."""
        now = self._now_s()
        if now - self._now < SHORTEST_TICK_S:
            return False
        delay = self._delay_s()
        self._passed += min(now - self._now, LONGEST_TICK_S)
        self._delayed += max(0.0, delay - self._delay)  # less than before: the server has ended
        self._now, self._delay = now, delay
        return max(self._passed - self._delayed, LEAST_SHARE * self._passed) > self._limit_s


@dataclass(frozen=True)
class TimeLimit:
    """For one event: `base_s` seconds at most on a fast machine, `limit_s` on this one."""
    base_s: float
    scale: float = 1.0
    delay_s: Callable[[], float] = never_delayed

    @property
    def limit_s(self) -> float:
        return self.base_s * self.scale

    def under_valgrind(self) -> "TimeLimit":
        return replace(self, base_s=self.base_s * VALGRIND_FACTOR)

    def for_server(self, delay_s: Callable[[], float]) -> "TimeLimit":
        """The same, without the time that the server waits for a processor."""
        return replace(self, delay_s=delay_s)

    def timer(self, factor: float = 1.0) -> Timer:
        return Timer(self.limit_s * factor, self.delay_s)

    def until(self, happened: Callable[[], object], factor: float = 1.0) -> bool:
        """Looks again and again until `happened` returns something true; False when the limit is over."""
        if happened():
            return True
        timer = self.timer(factor)
        while not happened():
            if timer.is_over():
                return bool(happened())
            time.sleep(STEP_S)
        return True


OWN = TimeLimit(OWN_LIMIT_S)


def measured_scale(command: Optional[list] = None) -> float:
    """This machine's slowness at starting programs: 1.0 if it is as fast as an idle one, 8.0 at most.

    The fastest start of several counts, which the load at this moment matters least for: timers leave the load out.
    """
    durations = []
    for _ in range(5):
        begin = time.monotonic()
        subprocess.run(command or ["sh", "-c", ":"], check=False)
        durations.append(time.monotonic() - begin)
    return min(SLOWEST_SCALE, max(1.0, min(durations) / NOMINAL_START_S))
