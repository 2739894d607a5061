"""Which test is meant to find which fault of the small solution, and what else must fail with it.

A row is (fault, the tests that must find it, consequences): consequences are patterns of tests that fail as well, because
they cannot succeed with this fault, or that may. Rows that are skipped because they need a failed one are not counted.
The tests under valgrind take most of the time, and are played where a row asks for them, or with --whole.
"""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    name: str
    found_by: tuple[str, ...]
    consequences: tuple[str, ...] = ()
    valgrind: bool = False


MEMCHECK = ("c*-memcheck",)

FAULTS = (
    # The start.
    Fault("EXITS_AT_START", ("c02-runs",)),
    Fault("WRONG_PORT", ("c04-port",)),
    Fault("NEVER_ACCEPTS", ("c05-accepts",), ("c13-replies", "c14-replies-1.1")),
    Fault("NO_REUSEADDR", ("x-restart",)),
    # Connections.
    Fault("ONE_CLIENT", ("c06-accepts-two",)),
    Fault("KEEPS_THE_GONE", ("c08-disconnect", "c09-disconnect-two"), ("c10-reconnect",)),
    Fault("DIES_WHEN_RESET", ("x-connect-close",)),
    Fault("FORTY_CLIENTS", ("c24-fifty", "c33-dynamic-fifty", "c35-mixed-fifty")),
    Fault("THREE_HUNDRED_CLIENTS", ("x-idle-1000",)),
    Fault("DIES_AFTER_150", ("x-200-in-a-row",)),
    Fault("EMFILE_EXITS", ("x-emfile",)),
    Fault("EMFILE_SPINS", ("x-emfile-quiet",)),
    Fault("EINTR_EXITS", ("x-eintr",)),
    Fault("STAYS_OPEN", ("x-closes",)),
    # Requests.
    Fault("NEEDS_HOST", ("c14-replies-1.1",)),
    Fault("SHARED_REQUEST", ("x-interleaved",), ("x-connect-close",)),
    Fault("IMPATIENT", ("x-split",)),
    Fault("SMALL_REQUEST", ("x-big-head",)),
    Fault("AGAIN_IS_AN_ERROR", ("x-would-block",)),
    Fault("LONG_PATH_DIES", ("x-long-path",)),
    Fault("HEAD_BRINGS_BODY", ("x-head",)),
    # Names.
    Fault("DOTDOT", ("x-outside-dotdot",), ("x-outside-links",)),
    Fault("FOLLOWS_LINKS", ("x-outside-links",)),
    Fault("DIRECTORY_IS_A_FILE", ("x-directory",)),
    Fault("FIFO_BLOCKS", ("x-fifo",)),
    Fault("MISSING_STATIC_IS_200", ("c20-static-404",)),
    Fault("MISSING_DYNAMIC_IS_200", ("c30-dynamic-404",)),
    Fault("OTHER_PATH_IS_403", ("c21-path-404",)),
    Fault("UNFRAMED_404", ("x-404-framed",)),
    # Transfers.
    Fault("LENGTH_IS_ONE_MORE", ("c16-small", "c18-large", "c26-dynamic-small", "c28-dynamic-large")),
    Fault("SENDFILE_ONCE", ("c16-small", "c18-large")),
    Fault("SEND_ONCE", ("c26-dynamic-small", "c28-dynamic-large")),
    Fault("WRONG_STATIC_BYTE", ("c19-large-same",)),
    Fault("WRONG_DYNAMIC_BYTE", ("c29-dynamic-large-same",)),
    Fault("SHARED_BLOCK", ("c32-dynamic-two",), ("c35-mixed-fifty",)),
    Fault("EMPTY_HANGS", ("x-empty",)),
    Fault("ONE_BUFFER_IS_EMPTY", ("x-sizes",), ("x-partial-*", "x-would-block", "x-aio-eagain", "x-aio-short")),
    Fault("STATIC_BY_SEND", ("x-sendfile-used",), ("x-zero-sendfile",)),
    Fault("DYNAMIC_BY_READ", ("x-aio-used",), ("x-zero-read",)),
    Fault("WAITS_FOR_AIO", ("x-no-waiting",), ("x-eventfd-used",)),
    Fault("NO_EVENTFD", ("x-eventfd-used",)),
    Fault("SUBMIT_AGAIN_IS_FATAL", ("x-aio-eagain",)),
    Fault("SHORT_READ_IS_THE_END", ("x-aio-short",)),
    Fault("SHRUNK_SPINS", ("x-shrinking-static", "x-zero-sendfile")),
    Fault("SHRUNK_PADS", ("x-shrinking-dynamic", "x-zero-read")),
    Fault("NO_DRAIN", ("x-pipelined",)),
    Fault("STATIC_BLOCKS", ("x-slow-static",), ("x-no-waiting", "x-quiet-stalled")),
    Fault("DYNAMIC_SPINS", ("x-slow-dynamic",), ("x-quiet-stalled",)),
    Fault("OLD_ONES_DIE", ("x-slow-static", "x-slow-dynamic"), ("c24-fifty", "c33-dynamic-fifty", "c35-mixed-fifty", "x-sizes")),
    Fault("DIES_BY_SIGPIPE", ("x-reset",)),
    # What stays behind.
    Fault("LEAKS_FILE", ("x-descriptors",), ("x-reset", "x-connect-close"), valgrind=True),
    Fault("LEAKS_MEMORY", ("x-memory", "x-valgrind-leaks"), ("x-valgrind-exit", *MEMCHECK), valgrind=True),
    Fault("LEAKS_LITTLE", ("x-valgrind-leaks", "c17-small-same-memcheck"), ("x-valgrind-exit", *MEMCHECK), valgrind=True),
    Fault("KEEPS_MEMORY", ("x-valgrind-leaks",), valgrind=True),
    Fault("READS_BEYOND", ("c17-small-same-memcheck",), ("x-valgrind-rude", *MEMCHECK), valgrind=True),
    Fault("USES_FREED", ("c17-small-same-memcheck",), ("x-valgrind-rude", *MEMCHECK), valgrind=True),
    # The processor.
    Fault("SPINS_IDLE", ("x-quiet-idle",), ("x-emfile-quiet", "x-shrinking-*", "x-zero-*")),
    Fault("SPINS_STALLED", ("x-quiet-stalled",), ("x-emfile-quiet",)),
)
