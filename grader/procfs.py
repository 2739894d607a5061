"""What /proc tells of a process and of the sockets of this network namespace. Everything here only reads."""
from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

ESTABLISHED, CLOSE_WAIT, LISTEN = "01", "08", "0A"
PF_EXITING = 4  # linux/sched.h; a flag of proc_pid_stat(5)


@dataclass(frozen=True)
class Socket:
    """A line of /proc/net/tcp or tcp6. Its inode is 0 as long as no program has accepted it."""
    local_port: int
    peer_port: int
    state: str
    unread_bytes: int
    inode: int


@dataclass(frozen=True)
class ThreadTimes:
    """Nanoseconds on a processor and in its run queue, how often the thread gave the processor up by itself, its state."""
    run_ns: int
    queue_ns: int
    voluntary_switches: int
    state: str = "S"


def read(path: str) -> str:
    """The file's text; empty if the process has ended meanwhile."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def exists(pid: int) -> bool:
    """Whether the process is there and is no zombie."""
    return state(pid) not in ("", "Z", "X")


def is_exiting(pid: int) -> bool:
    """Whether it is gone, or on its way out: its descriptors are closed before it becomes a zombie."""
    fields = stat_fields(pid)
    return not fields or fields[0] in ("Z", "X") or bool(int(fields[6]) & PF_EXITING)


def stat_fields(task: Union[int, str]) -> list[str]:
    """The fields of /proc/TASK/stat from the state on; the name before it may hold anything. TASK is PID or PID/task/TID."""
    return read(f"/proc/{task}/stat").rpartition(")")[2].split()


def state(task: Union[int, str]) -> str:
    fields = stat_fields(task)
    return fields[0] if fields else ""


def name(pid: int) -> str:
    return read(f"/proc/{pid}/comm").strip()


def status(pid: int, key: str, thread: str = "") -> str:
    for line in read(f"/proc/{pid}/{thread}status").splitlines():
        if line.startswith(key + ":"):
            return line.partition(":")[2].strip()
    return ""


def children_by_parent() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = stat_fields(int(entry))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    return children


def descendants(pid: int) -> list[int]:
    children, found, waiting = children_by_parent(), [], [pid]
    while waiting:
        next_ones = children.get(waiting.pop(), [])
        found += next_ones
        waiting += next_ones
    return found


def descendant_by_inner_pid(ancestor: int, inner: int) -> Optional[int]:
    """The process beneath `ancestor` that is number `inner` in its own namespace, see proc_pid_status(5), NSpid."""
    for pid in descendants(ancestor):
        numbers = status(pid, "NSpid").split()
        if len(numbers) > 1 and int(numbers[-1]) == inner:
            return pid
    return None


def threads_of_user(uid: int) -> int:
    """How many threads a user has in this process namespace."""
    count = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit() and status(int(entry), "Uid").split()[:1] == [str(uid)]:
            count += int(status(int(entry), "Threads") or 0)
    return count


def descriptors(pid: int) -> dict[int, str]:
    """The open descriptors and what they lead to, such as "socket:[1234]" or a path."""
    found = {}
    try:
        entries = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return {}
    for entry in entries:
        try:
            found[int(entry)] = os.readlink(f"/proc/{pid}/fd/{entry}")
        except OSError:
            continue  # closed since it was listed
    return found


def sockets() -> list[Socket]:
    """All TCP sockets of this network namespace."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in read(table).splitlines()[1:]:
            fields = line.split()
            local, peer = (int(fields[place].rpartition(":")[2], 16) for place in (1, 2))
            found.append(Socket(local, peer, fields[3], int(fields[4].partition(":")[2], 16), int(fields[9])))
    return found


def sockets_of(pid: int) -> list[Socket]:
    """The TCP sockets that the process itself holds: what `lsof -p PID` shows of TCP."""
    inodes = {target[8:-1] for target in descriptors(pid).values() if target.startswith("socket:[")}
    return [socket for socket in sockets() if str(socket.inode) in inodes]


def threads(pid: int) -> dict[int, ThreadTimes]:
    """The times of all threads by their numbers; empty if the process has ended."""
    found = {}
    for task in tasks(pid):
        times = read(f"/proc/{pid}/task/{task}/schedstat").split()
        switches = status(pid, "voluntary_ctxt_switches", f"task/{task}/")
        if len(times) == 3 and switches:
            found[int(task)] = ThreadTimes(int(times[0]), int(times[1]), int(switches), state(f"{pid}/task/{task}"))
    return found


def tasks(pid: int) -> list[str]:
    """The numbers of its threads; empty if the process has ended."""
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def queue_delay_s(pid: int) -> float:
    """How long the process's threads have waited for a processor, together."""
    times = [read(f"/proc/{pid}/task/{task}/schedstat").split() for task in tasks(pid)]
    return sum(int(one[1]) for one in times if len(one) == 3) / 1e9


def sleeps(pid: int) -> bool:
    """Whether each of its threads waits for an event. A process that has ended sleeps, too."""
    return not any(state(f"{pid}/task/{task}") in ("R", "D") for task in tasks(pid))


def private_bytes(pid: int) -> int:
    """The anonymous memory that is resident: heap and stacks, not files."""
    value = status(pid, "RssAnon").split()
    return int(value[0]) * 1024 if value else 0


def catches(pid: int, signal_number: int) -> bool:
    """Whether the process has a handler for the signal, or takes it by other means while it is blocked."""
    mask = 1 << (signal_number - 1)
    return any(int(status(pid, key) or "0", 16) & mask for key in ("SigCgt", "SigBlk"))
