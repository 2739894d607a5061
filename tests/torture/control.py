"""The shim's channels: the socket that takes plans, and the log of the faults that were given."""
import errno
import os
import re
import socket

SHORTENING = ("half", "one", "max=7")
WORDS = (*SHORTENING, "zero", "again", "reset", "pipe", "delay=2", "rate=1000000",
         *sorted(set(errno.errorcode.values()) - {"EWOULDBLOCK"}))  # that is EAGAIN
# Memory that runs out ends the server; the others are made before it serves anybody.
OUT_OF_THE_GAME = {"malloc", "io_setup", "eventfd", "socket", "open"}


class FaultLog:
    """The file that SOCKOP_LOG names: a line a fault."""

    def __init__(self, path):
        self.path = path
        path.touch()

    def clear(self):
        os.truncate(self.path, 0)

    def rules(self):
        """The rules that gave the faults since clear(), one for each fault."""
        return re.findall(r'"rule": "([^"]*)"', self.path.read_text(encoding="utf-8"))


class Control:
    """Changes the plan of a running server. One that has ended has no plan any more."""

    def __init__(self, path):
        self.path = str(path)

    def say(self, line):
        """The answer; empty if the server is gone. The server has let go of the connection then,
        which its audit would count."""
        parts = []
        try:
            with socket.socket(socket.AF_UNIX) as channel:
                channel.connect(self.path)
                channel.sendall(line.encode() + b"\n")
                while part := channel.recv(1 << 16):
                    parts.append(part)
        except (ConnectionError, FileNotFoundError):
            pass
        return b"".join(parts).decode()

    def set_plan(self, text):
        answer = self.say(f"plan {text}")
        if answer not in ("ok\n", ""):
            raise ValueError(f"{text}: {answer}")

    def can_plan(self, text):
        return self.say(f"plan {text}") == "ok\n"

    def calls_seen(self):
        """How often each call that can be failed was made since the start."""
        return {call: count for call, count in self.all_calls_seen().items()
                if call not in OUT_OF_THE_GAME}

    def all_calls_seen(self):
        rows = re.findall(r"^sockop: +(\w+) +(\d+) +\d+$", self.say("status"), re.MULTILINE)
        return {call: int(count) for call, count in rows}

    def actions(self, calls):
        """What can happen to each of the calls: whatever the shim lets us plan for it."""
        found = {call: [word for word in WORDS if self.can_plan(f"{call}:{word}@@1000000")]
                 for call in calls}
        # Of eventfds, which are all that is written to, eventfd(2) knows nothing else that is lost.
        found["write"] = ["delay=2", "EINTR"]
        # What an AIO read itself may meet can be said of io_getevents as well.
        own = {*SHORTENING, "EINTR", "EINVAL"}
        found["io_getevents"] = [word for word in found["io_getevents"]
                                 if word in own or word not in found["completion"]]
        return found
