"""Whether a server sleeps, judged so that the load of the machine does not matter.

A thread runs, waits in the run queue for a processor, or sleeps. How long it waits depends on the machine, so that time
is left out: what counts is how much of the rest it runs. See the kernel's documentation of schedstat.
"""
from __future__ import annotations

import time

from grader import procfs
from grader.errors import Failed

WINDOW_S = 0.5
BUSY_SHARE = 0.3  # of the time in which the thread did not wait for a processor
QUIET_WINDOWS = 2  # in a row
BUSY_LIMIT_S = 1.5  # on a processor, which is more than any server needs to finish what it does


def busy_thread(before, after, window_ns):
    """Says what is wrong with the first thread that does not rest; None if all do."""
    for thread, now in after.items():
        then = before.get(thread)
        if then is None:
            continue
        ran = now.run_ns - then.run_ns
        free = max(1, ran, window_ns - (now.queue_ns - then.queue_ns))
        if ran > BUSY_SHARE * free:
            return f"a thread that runs for {100 * ran // free} % of the time"
        # The kernel counts a wait in the queue when it is over, so of one that goes on nothing is seen but this.
        if now.state == "R" and now.voluntary_switches == then.voluntary_switches:
            return "a thread that is ready to run all the time, and never sleeps"
    return None


def must_be_quiet(run, server, while_):
    """Passes as soon as two windows in a row are quiet. A server that first uses up BUSY_LIMIT_S, which takes long on a
    busy machine, or the time limit, fails."""
    timer = run.time_limit.timer()
    quiet, problem, ran_s = 0, "", 0.0
    while quiet < QUIET_WINDOWS and not (problem and (ran_s > BUSY_LIMIT_S * run.time_limit.scale or timer.is_over())):
        begin, before = time.monotonic_ns(), procfs.threads(server.pid)
        time.sleep(WINDOW_S)
        after = procfs.threads(server.pid)
        problem = busy_thread(before, after, time.monotonic_ns() - begin)
        ran_s += sum(now.run_ns - before[thread].run_ns for thread, now in after.items() if thread in before) / 1e9
        quiet = 0 if problem else quiet + 1
    server.must_be_alive(f"the time when {while_}")
    if quiet < QUIET_WINDOWS:
        raise Failed(f"a server that sleeps while {while_}", problem)
