"""Whether a server sleeps. A program that spins takes what the machine has to give, however busy that is."""
from __future__ import annotations

import time

from grader import procfs
from grader.errors import Failed

WINDOW_S = 0.4
MOST_SHARE = 0.06  # of one processor; a program that spins on a machine with 16 at work still gets this much


def must_be_quiet(run, server, while_):
    """Passes as soon as two windows in a row are quiet, and fails when none come within the limit."""
    deadline = time.monotonic() + run.patience.limit_s
    quiet, share = 0, 1.0
    while quiet < 2 and time.monotonic() < deadline:
        begin, before = time.monotonic(), procfs.cpu_s(server.pid)
        time.sleep(WINDOW_S)
        share = (procfs.cpu_s(server.pid) - before) / (time.monotonic() - begin)
        quiet = quiet + 1 if share <= MOST_SHARE else 0
    server.must_be_alive(f"the time when {while_}")
    if quiet < 2:
        raise Failed(f"a server that sleeps while {while_}", f"{100 * share:.0f} % of a processor is used")
