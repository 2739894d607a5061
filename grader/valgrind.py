"""What valgrind says of a running server: invalid accesses, and leaks that grow with the requests.

The public checker reads valgrind's exit status after `kill -9`, which never tells of an error. Here the log is read, and
leaks are looked for while the server runs, by vgdb(1), so that a server that never ends can be judged, too.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from grader.errors import Failed
from grader.server import Server
from grader.time_limit import OWN_LIMIT_S

# The first lines of what memcheck's manual calls errors. A system call whose argument is not initialized in full, as
# the padding of a struct epoll_event is, does no harm, and costs no points.
ERROR = re.compile(
    r"^==\d+== (Invalid (?:read|write) of size \d+|Conditional jump or move depends on uninitialised value\(s\)"
    r"|Use of uninitialised value of size \d+|Invalid free\(\).*|Mismatched free\(\).*"
    r"|Source and destination overlap.*|Jump to the invalid address.*|Process terminating with default action.*"
    r"|Syscall param .* to unaddressable byte\(s\)|Argument .* has a fishy.*|Realloc.*zero.*)$")
FRAME = re.compile(r"^(?:==\d+==)?\s+(?:at|by) 0x[0-9A-F]+: (.*)$")
LOST = re.compile(r"(?:definitely|indirectly) lost: ([\d,]+)(?: \([^)]*\))? bytes in ([\d,]+)")
REACHABLE = re.compile(r"still reachable: ([\d,]+)(?: \([^)]*\))? bytes in ([\d,]+)")


@dataclass(frozen=True)
class Leaks:
    """Bytes and blocks that are lost, and those that are still reachable, at one moment."""
    lost_bytes: int
    lost_blocks: int
    reachable_bytes: int
    reachable_blocks: int
    report: str


def number(text: str) -> int:
    return int(text.replace(",", ""))


def parse_leaks(report: str) -> Leaks:
    """Reads the summary of a leak check. Raises ValueError if there is none."""
    lost_bytes = lost_blocks = 0
    found = False
    for line in report.splitlines():
        match = LOST.search(line)
        if match:
            found = True
            lost_bytes += number(match[1])
            lost_blocks += number(match[2])
        elif "All heap blocks were freed" in line:
            return Leaks(0, 0, 0, 0, report)
    reachable = REACHABLE.search(report)
    if not found:
        raise ValueError(f"no leak summary in {report[-300:]!r}")
    return Leaks(lost_bytes, lost_blocks, number(reachable[1]) if reachable else 0,
                 number(reachable[2]) if reachable else 0, report)


def leaks_while_running(server: Server) -> Leaks:
    """Has valgrind look for leaks now, by `vgdb leak_check full`; the stacks shown are of what grew since the last time."""
    server.settle_without_clients()
    command = ["vgdb", f"--vgdb-prefix={server.vgdb_prefix}", f"--pid={server.process.inner_pid or server.pid}",
               "leak_check", "full", "definiteleak", "increased"]
    return parse_leaks(server.process.in_jail(command, OWN_LIMIT_S))


def errors(log: str) -> list[str]:
    """Each error of the log in one line: what, and the innermost functions."""
    found: list[str] = []
    lines = log.splitlines()
    for place, line in enumerate(lines):
        match = ERROR.match(line)
        if match:
            frames = [frame[1] for frame in map(FRAME.match, lines[place + 1:place + 6]) if frame]
            found.append(match[1] + (" in " + " < ".join(frames[:3]) if frames else ""))
    return found


def must_have_no_errors(server: Server) -> None:
    found = errors(server.valgrind_log.read_text(errors="replace") if server.valgrind_log.exists() else "")
    if found:
        raise Failed("no invalid access", f"valgrind found {len(found)}: {'; '.join(found[:3])}")


def growth_stacks(report: str) -> str:
    """The innermost functions of the first losses that a report shows."""
    stacks = []
    lines = report.splitlines()
    for place, line in enumerate(lines):
        if " lost in loss record" in line:
            frames = [frame[1] for frame in map(FRAME.match, lines[place + 1:place + 6]) if frame]
            stacks.append(" < ".join(frames[:4]))
    return "; ".join(stacks[:3])


def must_not_lose(before: Leaks, after: Leaks, what: str) -> None:
    """Fails if memory was lost between two checks. What was lost once, before the first, costs no points."""
    blocks = after.lost_blocks - before.lost_blocks
    if blocks > 0:
        raise Failed(f"no memory is lost by {what}",
                     f"{after.lost_bytes - before.lost_bytes} bytes in {blocks} blocks were: "
                     f"{growth_stacks(after.report) or 'see the log'}")
