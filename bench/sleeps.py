"""Where a thread sleeps: its voluntary context switches, by the system call they happened in.

The counters in /proc cannot tell an event loop that waits in epoll_wait, which it is made for, from
one that waits for a disk. The kernel's tracepoint sched:sched_switch can: each switch comes with
the stack that led to it. It is read through an instance of tracefs of our own, which wants root.
"""
import re
from collections import Counter
from pathlib import Path

TRACEFS = Path("/sys/kernel/tracing")
BUFFER_KIB = 128 * 1024  # of the one core on which the thread runs
# Sleeping states only: a thread that was preempted is still running (0), or marked so (256).
FILTER = "prev_pid == {thread} && prev_state > 0 && prev_state < 256"
SYSTEM_CALL = re.compile(r"__(?:x64|arm64|riscv|s390x)_sys_(\w+)")
WAITS = ("epoll_wait", "epoll_pwait", "epoll_pwait2")


class LostEvents(Exception):
    """The buffer was too small, and the counts would be too low."""


def calls_slept_in(lines):
    """Counts the switches in the text of a trace, by system call or as "page fault"."""
    calls, frames = Counter(), None

    def count():
        if frames is not None:
            calls[name_of(frames)] += 1
    for line in lines:
        if "sched_switch:" in line:
            count()
            frames = []
        elif line.startswith(" => ") and frames is not None:
            frames.append(line[4:].split()[0])
        elif written := re.match(r"# entries-in-buffer/entries-written: (\d+)/(\d+)", line):
            if written.group(1) != written.group(2):
                raise LostEvents(line.strip("# \n"))
    count()
    return dict(calls)


def name_of(frames):
    """What a thread was doing when it slept, from the stack's frames, innermost first."""
    for frame in reversed(frames):
        if call := SYSTEM_CALL.match(frame):
            return call.group(1)
    return "page fault" if any("page_fault" in frame for frame in frames) else "elsewhere"


def outside_waits(calls):
    """How many of these sleeps were not the event loop's wait."""
    return sum(count for call, count in calls.items() if call not in WAITS)


class SleepTrace:
    """Traces one thread on one core while the block runs; `calls` has the counts afterwards."""

    def __init__(self, thread, core):
        self.thread, self.core = thread, core
        self.instance = TRACEFS / "instances" / f"aws-bench-{thread}"
        self.calls = {}

    @staticmethod
    def problem():
        """Why it cannot be done here; empty if it can."""
        probe = TRACEFS / "instances/aws-bench-probe"
        try:
            probe.mkdir()
            probe.rmdir()
        except OSError as error:
            return f"no trace of sleeps: {error.strerror}: {TRACEFS} (it wants root and tracefs)"
        return ""

    def _write(self, name, value):
        (self.instance / name).write_text(str(value))

    def __enter__(self):
        self.instance.mkdir()
        try:
            self._write(f"per_cpu/cpu{self.core}/buffer_size_kb", BUFFER_KIB)
            self._write("options/stacktrace", 1)
            self._write("events/sched/sched_switch/filter", FILTER.format(thread=self.thread))
            self._write("events/sched/sched_switch/enable", 1)
        except BaseException:
            self.instance.rmdir()  # a buffer this large takes a while, in which a signal may come
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self._write("events/sched/sched_switch/enable", 0)
        try:
            if kind is None:
                with open(self.instance / "trace", encoding="ascii", errors="replace") as lines:
                    self.calls = calls_slept_in(lines)
        finally:
            self.instance.rmdir()
