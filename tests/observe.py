"""What can be seen of a running server from outside: its descriptors, its state, its kernel calls.

Nothing here knows what a test is about. The one place where tests wait for something that no
socket announces is wait_until().
"""
import os
import re
import select
import socket
import time


def wait_until(condition, what, timeout=30):
    """Polls until condition() is true and returns its value; `what` is told when it never is."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {timeout} s in vain until {what}"
        select.select([], [], [], 0.005)
    return value


def descriptors(pid):
    """What each open descriptor of the process refers to, as /proc names it."""
    found = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{number}"))
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


def wait_for_descriptors(server, count):
    """Waits until the server has no more than `count` open descriptors."""
    wait_until(lambda: len(descriptors(server.pid)) <= count,
               f"the server is back at {count} descriptors: {sorted(descriptors(server.pid))}")


def process_state(pid):
    """The state's letter, as in proc(5): R, S, D, T (stopped), Z …"""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def is_asleep(pid):
    """Whether every thread of the process sleeps: nothing is being worked on."""
    return all(process_state(f"{pid}/task/{thread}") == "S"
               for thread in os.listdir(f"/proc/{pid}/task"))


def is_refused(port):
    """Whether nobody listens on the port any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=30).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass  # the listener went while this client was in line
    return False


def receive_all(client):
    """Everything until the end of the stream, or until a reset."""
    parts = [client.buffer]
    try:
        while data := client.socket.recv(1 << 18):
            parts.append(data)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def is_trial(call):
    """Whether the server only tries whether the call is refused."""
    return re.match(r"\w+\(-1, |io_submit\(\w+, 0, |io_getevents\(\w+, 0, 0, ", call) is not None


class Strace:
    """Runs a server under strace: pass `wrapper` to `start`, read `calls` once it has ended.

    -D makes the server the child of the test and strace its grandchild, so that signals and exit
    status are the server's own; -y names what a descriptor stands for.
    """

    def __init__(self, folder, trace, inject=()):
        self.file = folder / "strace.txt"
        options = [f"-einject={fault}" for fault in inject]
        self.wrapper = ("strace", "-D", "-f", "-yy", "-qq", "-s", "512", "-e", f"trace={trace}",
                        "-e", "signal=none", *options, "-o", self.file)

    @property
    def calls(self):
        """One line for each call, in order of completion, without the thread's number. Trials of the start are left out:
        calls on no descriptor and for no reads, that show whether a sandbox refuses them."""
        lines = self.file.read_text(errors="replace").splitlines()
        unfinished, whole = {}, []
        for line in lines:
            thread, call = line.split(maxsplit=1)
            if call.endswith("<unfinished ...>"):
                unfinished[thread] = call.removesuffix("<unfinished ...>").rstrip()
            elif resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
                whole.append(unfinished.pop(thread, "") + resumed.group(1))
            else:
                whole.append(call)
        return [call for call in whole if not is_trial(call)]

    def named(self, *names):
        """The calls of these names."""
        return [call for call in self.calls if call.split("(", 1)[0] in names]
