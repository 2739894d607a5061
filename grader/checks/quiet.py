"""Whether a server sleeps, judged so that the load of the machine does not matter.

A thread that spins is always running or waiting for a processor, and never gives one up by itself: its time on the
processor and in the run queue, together, is all the time there is. See the kernel's documentation of schedstat.
"""
from __future__ import annotations

import time

from grader import procfs
from grader.errors import Failed

WINDOW_S = 0.5
SPINNING_SHARE = 0.5  # of the window, running or runnable, without a voluntary switch
BUSY_SHARE = 0.3  # of one processor, with or without


def busy_thread(before, after, window_ns):
    """Says what is wrong with the first thread that does not rest; None if all do."""
    for thread, now in after.items():
        then = before.get(thread)
        if then is None:
            continue
        ran = now.run_ns - then.run_ns
        ready = ran + now.queue_ns - then.queue_ns
        if ran > BUSY_SHARE * window_ns:
            return f"a thread that uses {100 * ran // window_ns} % of a processor"
        if ready > SPINNING_SHARE * window_ns and now.voluntary_switches == then.voluntary_switches:
            return f"a thread that is ready to run for {min(100, 100 * ready // window_ns)} % of the time, and never sleeps"
    return None


def must_be_quiet(run, server, while_):
    """Passes as soon as two windows in a row are quiet, and fails when none come within the limit."""
    deadline = time.monotonic() + run.patience.limit_s
    quiet, problem = 0, None
    while quiet < 2 and (problem is None or time.monotonic() < deadline):
        begin, before = time.monotonic_ns(), procfs.threads(server.pid)
        time.sleep(WINDOW_S)
        after = procfs.threads(server.pid)
        problem = busy_thread(before, after, time.monotonic_ns() - begin)
        quiet = 0 if problem else quiet + 1
    server.must_be_alive(f"the time when {while_}")
    if quiet < 2:
        raise Failed(f"a server that sleeps while {while_}", problem)
