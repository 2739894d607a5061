"""Where a scenario is played: a server under the shim, whose plan of faults can be changed while it
runs, and clients that wait for it neither too short nor for ever.

A plan under which nothing may get through, or very slowly, is ended ("lifted") after PATIENCE_S;
from then on, and under any other plan from the beginning, what does not come within DEADLINE_S
never will: the server is wedged. Nothing depends on how long PATIENCE_S is, but how long a run
takes.
"""
import ctypes
import re
import signal
import subprocess
import threading
import time

from client import Client
from conftest import AWS, AWS_ASAN, AWS_TSAN, CLEAN, Server
from control import Control, FaultLog
from observe import descriptors, wait_until

PATIENCE_S = 0.1
DEADLINE_S = 20
LIBC = ctypes.CDLL(None)
BINARIES = {"release": AWS, "asan": AWS_ASAN, "tsan": AWS_TSAN}
ENVIRONMENT = {
    "ASAN_OPTIONS": "verify_asan_link_order=0", "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "exitcode=66",
}


def die_with_parent():
    """A torture that is interrupted leaves no server behind (prctl(2))."""
    set_parent_death_signal = 1
    LIBC.prctl(set_parent_death_signal, signal.SIGKILL)


class Trouble(Exception):
    """What a trial found."""


class Visitor(Client):
    """A client of a venue. What it takes is bytes, or b"" at the stream's end, however it came."""

    def __init__(self, venue, receive_buffer):
        self.venue = venue
        self.was_cut_off = False  # before it could say a word
        try:
            super().__init__(venue.server.port, DEADLINE_S, receive_buffer)
        except ConnectionResetError:
            self.was_cut_off = True
        except ConnectionError as error:
            raise Trouble(f"it does not listen: {error}\n{venue.last_words()}") from error

    def say(self, data):
        if self.was_cut_off:
            return
        try:
            self.send(data)
        except ConnectionError:
            pass  # whether it may be cut off, what came will tell

    def half_close(self):
        try:
            super().half_close()
        except OSError:
            pass

    def take(self, size=1 << 18):
        while not self.was_cut_off:
            patience = self.venue.patience()
            self.socket.settimeout(patience)
            try:
                return self.socket.recv(size)
            except ConnectionError:
                return b""
            except TimeoutError:
                if patience == DEADLINE_S:
                    raise Trouble(f"wedged: nothing came for {DEADLINE_S} s") from None
        return b""

    def take_rest(self):
        parts = []
        while data := self.take():
            parts.append(data)
        return b"".join(parts)


class Venue:
    """A server with a document root, ready for trials one after the other."""

    def __init__(self, root, folder, variant="release", options=()):
        self.root, self.variant, self.options = root, variant, options
        self.control_path, self.log = folder / "control", FaultLog(folder / "faults")
        self.server = self.control = None
        self._lift_at = None  # time.monotonic(), while there is a plan that must be lifted
        self._lifting = threading.Lock()

    def open(self):
        self.server = Server(
            self.root, "--aio-blocks", "4", "--grace", "60", "--listing", *self.options,
            binary=BINARIES[self.variant], shim=True, preexec=die_with_parent,
            env=ENVIRONMENT | {"SOCKOP": "", "SOCKOP_CONTROL": str(self.control_path),
                               "SOCKOP_LOG": str(self.log.path)})
        self.descriptors_at_rest = len(self.descriptors())  # nobody came yet
        self.control = Control(self.control_path)
        self.check_answers()

    def client(self, receive_buffer=None):
        return Visitor(self, receive_buffer)

    def begin(self, plan, lasts=False):
        """Starts a plan; one that `lasts` is not lifted, however long it takes."""
        self.log.clear()
        must_end = plan.is_persistent and not lasts
        self._lift_at = time.monotonic() + PATIENCE_S if must_end else None
        self.control.set_plan(str(plan))

    def patience(self):
        """How long a client may wait for its next byte. The plan is lifted if its time is over."""
        with self._lifting:
            if self._lift_at is None:
                return DEADLINE_S
            left = self._lift_at - time.monotonic()
            if left > 0:
                return left
        self.lift()
        return DEADLINE_S

    def lift(self):
        """Ends the plan, if it has not ended yet."""
        with self._lifting:
            self._lift_at = None
            self.control.set_plan("")

    def terminate(self):
        self.server.process.terminate()

    # ---- What a trial must leave behind

    def check(self):
        """The server lives, and answers rightly, and holds on to nothing. The plan is over."""
        self.check_answers()
        self.check_descriptors()

    def check_answers(self):
        if self.ended:
            raise Trouble(f"the server ended, status {self.server.wait()}:\n{self.last_words()}")
        try:
            with self.server.client(DEADLINE_S) as client:
                for target in ("static/small", "dynamic/small"):
                    client.request("/" + target)
                    answer = client.answer()
                    if (answer.status, answer.body) != (200, (self.root / target).read_bytes()):
                        raise Trouble(f"/{target} is answered wrongly afterwards: {answer}")
        except (EOFError, OSError) as error:
            raise Trouble(f"no right answer afterwards: {error!r}") from error

    def check_descriptors(self):
        at_rest = self.descriptors_at_rest
        try:
            wait_until(lambda: len(self.descriptors()) <= at_rest, "", DEADLINE_S)
        except AssertionError:
            raise Trouble(f"{at_rest} descriptors became {sorted(self.descriptors())}") from None

    def descriptors(self):
        """What the server has open, but for files beneath the root, which it keeps for a second. If
        it forgets one, the audit tells."""
        root = str(self.root)
        return [name for name in descriptors(self.server.pid) if not name.startswith(root)]

    @property
    def ended(self):
        return self.server.process.poll() is not None

    def memory_kb(self):
        """What the server holds in memory (VmRSS)."""
        with open(f"/proc/{self.server.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1])

    def close(self):
        """Ends the server without faults, if it has not ended yet; see check_end()."""
        if not self.ended:
            self.lift()
            self.terminate()
        self.check_end()

    def check_end(self):
        """The server ends, with status 0 and nothing left."""
        clean = {(0, CLEAN)}
        try:
            if self._lift_at is not None and self.is_late():
                self.lift()  # by a connection that the audit may just see
                clean.add((1, CLEAN.replace("0 descriptors", "1 descriptors")))
            status = self.server.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Trouble(f"wedged: it does not end within {DEADLINE_S} s") from None
        if (status, self.server.audit) not in clean:
            raise Trouble(f"it ends with status {status}, {self.server.audit}\n"
                          f"{self.last_words()}")

    def is_late(self):
        """Whether the server has not ended after a moment."""
        try:
            self.server.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            return True
        return False

    def last_words(self):
        return self.server.output()[-4000:]

    def kill(self):
        self.server.process.kill()
        self.server.wait()
