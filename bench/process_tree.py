"""What a running process and its descendants cost, read from /proc."""
import contextlib
import itertools
import os
from pathlib import Path

LISTEN = "0A"  # a state in /proc/net/tcp


def members(pid):
    """The process and all its descendants, by pid."""
    found = [pid]
    for process in found:
        for thread in threads(process):
            try:
                children = Path(f"/proc/{process}/task/{thread}/children").read_text()
            except FileNotFoundError:
                continue
            found += [int(child) for child in children.split()]
    return found


def threads(pid):
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except FileNotFoundError:
        return []


def thread_cpu_ns(pid, thread):
    """Time on a CPU, in nanoseconds: the first field of schedstat. 0 once the thread is gone."""
    try:
        return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
    except FileNotFoundError:
        return 0


def cpu_ns(pid):
    return sum(thread_cpu_ns(process, thread)
               for process in members(pid) for thread in threads(process))


def cpu_ns_of_others(pid):
    """{(process, thread): nanoseconds} of everybody on the machine but the tree."""
    own = set(members(pid))
    processes = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    return {(process, thread): thread_cpu_ns(process, thread)
            for process in processes if process not in own for thread in threads(process)}


def busiest_thread(pid):
    """(process, thread) that has run longest: once a server has worked, its event loop."""
    return max(((process, thread) for process in members(pid) for thread in threads(process)),
               key=lambda place: thread_cpu_ns(*place))


def descriptors(pid):
    """How many descriptors the tree has open."""
    def opened(process):
        folder = f"/proc/{process}/fd"
        # To list thousands takes milliseconds; since Linux 6.2 the size tells.
        return os.stat(folder).st_size or len(os.listdir(folder))
    return sum(map(opened, members(pid)))


def listens(pid, port, family="tcp"):
    """Whether one of the tree has a socket that listens on this port of IPv4 (of IPv6: "tcp6")."""
    with open(f"/proc/net/{family}", encoding="ascii") as lines:
        # Listening sockets come first, so that the crowd of the others is not even read.
        columns = itertools.takewhile(lambda fields: fields[3] == LISTEN,
                                      map(str.split, itertools.islice(lines, 1, None)))
        sockets = {f"socket:[{fields[9]}]" for fields in columns
                   if fields[1].endswith(f":{port:04X}")}
    for process in members(pid):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(descriptor) in sockets:
                    return True
    return False


def memory_kib(pid, field, file="status"):
    """The sum over the tree of one field of /proc/PID/status or smaps_rollup: VmHWM, for one."""
    total = 0
    for process in members(pid):
        for line in Path(f"/proc/{process}/{file}").read_text().splitlines():
            if line.startswith(field + ":"):
                total += int(line.split()[1])
    return total


def private_dirty_kib(pid):
    """Memory that nobody else has, and that no file could give back."""
    return memory_kib(pid, "Private_Dirty", "smaps_rollup")
