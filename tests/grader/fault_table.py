"""Which test is meant to find which fault of the small solution, and what else must fail with it.

A row is (fault, the tests that must find it, consequences): consequences are patterns of tests that fail as well, because
they cannot succeed with this fault, or that may. Rows that are skipped because they need a failed one are not counted.
"""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    name: str
    found_by: tuple[str, ...]
    consequences: tuple[str, ...] = ()


MEMCHECK = ("c*-memcheck",)
STATIC_DOWNLOADS = ("x-*",)

FAULTS = (
    # The start.
    Fault("EXITS_AT_START", ("c02-runs",)),
    Fault("WRONG_PORT", ("c04-port",)),
    Fault("NEVER_ACCEPTS", ("c05-accepts",), ("c*", "x-*")),
    Fault("NO_REUSEADDR", ("x-restart",)),
    # Connections.
    Fault("ONE_CLIENT", ("c06-accepts-two",), ("c*", "x-*")),
    Fault("KEEPS_THE_GONE", ("c08-disconnect", "c09-disconnect-two"), ("c*", "x-*")),
    Fault("DIES_WHEN_RESET", ("x-connect-close",), ("x-valgrind-rude",)),
    Fault("FORTY_CLIENTS", ("c24-fifty", "c33-dynamic-fifty", "c35-mixed-fifty"), ("x-idle-1000", "x-emfile*")),
    Fault("THREE_HUNDRED_CLIENTS", ("x-idle-1000",)),
    Fault("DIES_AFTER_150", ("x-200-in-a-row",), ("x-idle-1000", "x-descriptors", "x-memory", "x-emfile", "x-valgrind-leaks")),
    Fault("EMFILE_EXITS", ("x-emfile",)),
    Fault("EMFILE_SPINS", ("x-emfile-quiet",)),
    Fault("EINTR_EXITS", ("x-eintr",)),
    Fault("STAYS_OPEN", ("x-closes",)),
    # Requests.
    Fault("NEEDS_HOST", ("c14-replies-1.1",)),
    Fault("SHARED_REQUEST", ("x-interleaved",), ("x-valgrind-rude", "x-connect-close")),
    Fault("IMPATIENT", ("x-split",), ("x-interleaved", "x-quiet-stalled")),
    Fault("SMALL_REQUEST", ("x-big-head",)),
    Fault("AGAIN_IS_AN_ERROR", ("x-would-block",)),
    Fault("LONG_PATH_DIES", ("x-long-path",), ("x-valgrind-rude",)),
    Fault("HEAD_BRINGS_BODY", ("x-head",)),
    # Names.
    Fault("DOTDOT", ("x-outside-dotdot",), ("x-outside-links",)),
    Fault("FOLLOWS_LINKS", ("x-outside-links",)),
    Fault("DIRECTORY_IS_A_FILE", ("x-directory",)),
    Fault("FIFO_BLOCKS", ("x-fifo",)),
    Fault("MISSING_STATIC_IS_200", ("c20-static-404",), ("x-404-framed", "x-long-path", "x-directory")),
    Fault("MISSING_DYNAMIC_IS_200", ("c30-dynamic-404",), ("x-404-framed", "x-directory")),
    Fault("OTHER_PATH_IS_403", ("c21-path-404",), ("x-404-framed",)),
    Fault("UNFRAMED_404", ("x-404-framed",), ("x-*",)),
    # Transfers.
    Fault("LENGTH_IS_ONE_MORE", ("c16-small", "c18-large", "c26-dynamic-small"), ("x-*",)),
    Fault("SENDFILE_ONCE", ("c16-small", "c18-large"), ("x-*", "c34*", "c35*")),
    Fault("SEND_ONCE", ("c26-dynamic-small",), ("c2?-dynamic*", "c3*", "x-*")),
    Fault("WRONG_STATIC_BYTE", ("c19-large-same",), ("x-*",)),
    Fault("WRONG_DYNAMIC_BYTE", ("c29-dynamic-large-same",), ("x-*",)),
    Fault("SHARED_BLOCK", ("c32-dynamic-two",), ("c33*", "c35*", "x-*")),
    Fault("EMPTY_HANGS", ("x-empty",)),
    Fault("ONE_BUFFER_IS_EMPTY", ("x-sizes",), ("x-partial-*", "x-would-block", "x-aio-*")),
    Fault("STATIC_BY_SEND", ("x-sendfile-used",), ("x-zero-sendfile",)),
    Fault("DYNAMIC_BY_READ", ("x-aio-used",), ("x-zero-read",)),
    Fault("WAITS_FOR_AIO", ("x-no-waiting",), ("x-eventfd-used",)),
    Fault("NO_EVENTFD", ("x-eventfd-used",)),
    Fault("SUBMIT_AGAIN_IS_FATAL", ("x-aio-eagain",)),
    Fault("SHORT_READ_IS_WHOLE", ("x-aio-short",)),
    Fault("SHRUNK_SPINS", ("x-shrinking-static", "x-zero-sendfile")),
    Fault("SHRUNK_PADS", ("x-shrinking-dynamic", "x-zero-read")),
    Fault("NO_DRAIN", ("x-pipelined",)),
    Fault("STATIC_BLOCKS", ("x-slow-static",), ("x-no-waiting", "x-*")),
    Fault("DYNAMIC_SPINS", ("x-slow-dynamic",), ("x-quiet-stalled", "x-*")),
    Fault("OLD_ONES_DIE", ("x-slow-static", "x-slow-dynamic"), ("c24*", "c33*", "c35*", "x-idle-1000", "x-sizes")),
    Fault("DIES_BY_SIGPIPE", ("x-reset",), ("x-valgrind-rude",)),
    # What stays behind.
    Fault("LEAKS_FILE", ("x-descriptors",), ("x-*",)),
    Fault("LEAKS_MEMORY", ("x-memory", "x-valgrind-leaks"), ("x-valgrind-exit", *MEMCHECK)),
    Fault("LEAKS_LITTLE", ("x-valgrind-leaks", "c17-small-same-memcheck"), ("x-valgrind-exit", *MEMCHECK)),
    Fault("KEEPS_MEMORY", ("x-valgrind-leaks",)),
    Fault("READS_BEYOND", ("c17-small-same-memcheck",), ("x-valgrind-rude", *MEMCHECK)),
    Fault("USES_FREED", ("c17-small-same-memcheck",), ("x-valgrind-rude", *MEMCHECK)),
    # The processor.
    Fault("SPINS_IDLE", ("x-quiet-idle",), ("x-quiet-stalled", "x-emfile-quiet", "x-shrinking-*", "x-zero-*")),
    Fault("SPINS_STALLED", ("x-quiet-stalled",), ("x-emfile-quiet",)),
)
