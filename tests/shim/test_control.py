"""sockopctl turns plans on, off and over in running programs."""
import glob
import os
import subprocess
import sys
import textwrap

import pytest

from observe import wait_until
from shimmed import SOCKOPCTL, environment

# Sends 100 bytes whenever it is told to, and says how many were taken. Before, it closes whatever
# it does not know, and has a child that ends in its memory: the socket stands both.
SENDER = """
    import os, socket, subprocess, sys
    ours, theirs = socket.socketpair()
    if len(sys.argv) > 1:
        pid = os.fork()
        if pid > 0:
            os.waitpid(pid, 0)
            sys.exit()
    for fd in sorted(map(int, os.listdir("/proc/self/fd"))):
        if fd > 2 and fd not in (ours.fileno(), theirs.fileno()):
            try:
                os.close(fd)
            except OSError:
                pass
    try:
        subprocess.run(["/does/not/exist"])
    except FileNotFoundError:
        pass
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        print(ours.send(bytes(100)), flush=True)
"""


# The same, but each time on a connection of its own.
CONNECTOR = """
    import socket, sys
    listener = socket.create_server(("127.0.0.1", 0))
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as ours:
            print(ours.send(bytes(100)), flush=True)
"""


class Sender:
    def __init__(self, path, *arguments, plan="", script=SENDER):
        self.path = path
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=environment(plan=plan, control=path))
        assert self.process.stdout.readline() == "ready\n"

    def send(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def tell(self, *words, status=0):
        done = subprocess.run([SOCKOPCTL, self.path, *words], capture_output=True, text=True,
                              timeout=60, env=environment(plan="", preload=""))
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


@pytest.fixture
def sender(tmp_path):
    sender = Sender(tmp_path / "control")
    yield sender
    sender.end()


def test_a_plan_is_loaded_turned_off_and_on(sender):
    assert sender.send() == 100
    assert sender.tell("plan", "send:half") == "ok\n"
    assert sender.send() == 50
    sender.tell("off")
    assert sender.send() == 100
    sender.tell("on")
    assert sender.send() == 50


def test_counting_goes_on_after_off_and_begins_anew_with_over(sender):
    sender.tell("plan", "send:one@3")
    assert [sender.send(), sender.send()] == [100, 100]
    sender.tell("off")
    sender.tell("on")
    assert [sender.send(), sender.send()] == [1, 100]
    sender.tell("over")
    assert [sender.send(), sender.send(), sender.send()] == [100, 100, 1]


def test_over_is_from_the_first_connection_on(tmp_path):
    sender = Sender(tmp_path / "control", plan="send:half[conn=2]", script=CONNECTOR)
    assert [sender.send(), sender.send()] == [50, 100]
    sender.tell("over")
    assert [sender.send(), sender.send()] == [50, 100]
    sender.end()


def test_what_was_once_is_once_again_with_over(sender):
    sender.tell("plan", "send:half once")
    assert [sender.send(), sender.send()] == [50, 100]
    sender.tell("over")
    assert [sender.send(), sender.send()] == [50, 100]


def test_a_mistake_leaves_the_plan_in_force(sender):
    sender.tell("plan", "send:half")
    assert sender.tell("plan", "send:hlf", status=1) == \
        "error: column 6: hlf is neither an action nor the name of an errno\n"
    assert sender.send() == 50


def test_status_tells_what_each_rule_did(sender):
    sender.tell("plan", "send:half@2; recv:EINTR")
    sender.send(), sender.send(), sender.send()
    lines = sender.tell("status").splitlines()
    assert lines[:3] == ["on", "rule: send:half@2: considered 3, faults 1",
                         "rule: recv:EINTR: considered 0, faults 0"]
    assert "send 3 1" in [" ".join(line.split()[1:]) for line in lines]
    sender.tell("off")
    assert sender.tell("status").startswith("off\nrule: send:half@2")


def test_what_is_not_known_is_refused(sender):
    assert sender.tell("dance", status=1).startswith("error: status, plan TEXT, off, on and over")


def test_the_socket_is_the_users_alone_and_goes_with_the_program(tmp_path):
    sender = Sender(tmp_path / "control")
    assert (tmp_path / "control").stat().st_mode & 0o777 == 0o600
    sender.end()
    assert not (tmp_path / "control").exists()
    assert sender.tell("status", status=1) == ""


def test_a_socket_that_was_left_behind_is_no_obstacle(tmp_path):
    killed = Sender(tmp_path / "control")
    killed.process.kill()
    killed.process.wait(60)
    assert (tmp_path / "control").exists()
    sender = Sender(tmp_path / "control")
    assert sender.tell("plan", "send:half") == "ok\n"
    assert sender.send() == 50
    sender.end()


@pytest.mark.parametrize("arguments", [("fork",)])
def test_a_forked_child_is_told_as_well(tmp_path, arguments):
    sender = Sender(tmp_path / "control", *arguments)
    children = glob.glob(f"{tmp_path}/control.*")
    assert len(children) == 1
    assert sender.tell("plan", "send:half") == f"{tmp_path}/control:\nok\n{children[0]}:\nok\n"
    assert sender.send() == 50
    sender.end()
    assert os.listdir(tmp_path) == []


def test_two_programs_at_one_path_are_told_both(tmp_path):
    first, second = Sender(tmp_path / "control"), Sender(tmp_path / "control")
    first.tell("plan", "send:half")
    assert [first.send(), second.send()] == [50, 50]
    second.end()
    first.tell("off")
    assert first.send() == 100
    first.end()


def test_a_client_that_says_nothing_is_no_obstacle(sender):
    import socket
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(sender.path))
        silent.close()
        assert sender.tell("status").startswith("on\n")


def test_the_programs_own_signals_and_descriptors_are_not_the_threads(tmp_path):
    """The thread takes no signal, and its socket has no number that a program comes to."""
    sender = Sender(tmp_path / "control")
    pid = sender.process.pid
    wait_until(lambda: len(os.listdir(f"/proc/{pid}/task")) == 2, "the thread is there")
    thread, = (name for name in os.listdir(f"/proc/{pid}/task") if int(name) != pid)
    with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as status:
        blocked, = (line.split()[1] for line in status if line.startswith("SigBlk"))
    assert int(blocked, 16) & (1 << 14 | 1 << 1) == 1 << 14 | 1 << 1  # SIGTERM, SIGINT
    assert max(map(int, os.listdir(f"/proc/{pid}/fd"))) > 500
    sender.end()
