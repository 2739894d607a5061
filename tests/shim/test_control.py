"""sockopctl turns plans on, off and over in running programs."""
import glob
import os
import subprocess
import sys
import textwrap

import pytest

from observe import wait_until
from shimmed import SOCKOPCTL, environment

# Sends 100 bytes for each line of input, and prints the result. Before that, it closes all unknown
# descriptors and has a child of vfork; the control socket survives both.
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


# The same, with a new connection each time.
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

    def command(self, *words, status=0):
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
    assert sender.command("plan", "send:half") == "ok\n"
    assert sender.send() == 50
    sender.command("off")
    assert sender.send() == 100
    sender.command("on")
    assert sender.send() == 50


def test_counting_continues_after_off_and_restarts_with_over(sender):
    sender.command("plan", "send:one@3")
    assert [sender.send(), sender.send()] == [100, 100]
    sender.command("off")
    sender.command("on")
    assert [sender.send(), sender.send()] == [1, 100]
    sender.command("over")
    assert [sender.send(), sender.send(), sender.send()] == [100, 100, 1]


def test_over_restarts_connection_numbers(tmp_path):
    sender = Sender(tmp_path / "control", plan="send:half[conn=2]", script=CONNECTOR)
    assert [sender.send(), sender.send()] == [50, 100]
    sender.command("over")
    assert [sender.send(), sender.send()] == [50, 100]
    sender.end()


def test_over_restarts_once(sender):
    sender.command("plan", "send:half once")
    assert [sender.send(), sender.send()] == [50, 100]
    sender.command("over")
    assert [sender.send(), sender.send()] == [50, 100]


def test_an_invalid_plan_leaves_the_active_plan_unchanged(sender):
    sender.command("plan", "send:half")
    assert sender.command("plan", "send:hlf", status=1) == \
        "error: column 6: hlf is neither an action nor the name of an errno\n"
    assert sender.send() == 50


def test_status_shows_the_counts_of_each_rule(sender):
    sender.command("plan", "send:half@2; recv:EINTR")
    sender.send(), sender.send(), sender.send()
    lines = sender.command("status").splitlines()
    assert lines[:3] == ["on", "rule: send:half@2: considered 3, faults 1",
                         "rule: recv:EINTR: considered 0, faults 0"]
    assert "send 3 1" in [" ".join(line.split()[1:]) for line in lines]
    sender.command("off")
    assert sender.command("status").startswith("off\nrule: send:half@2")


def test_an_unknown_command_is_rejected(sender):
    answer = sender.command("dance", status=1)
    assert answer.startswith("error: status, plan TEXT, off, on and over")


def test_the_socket_is_private_and_removed_at_exit(tmp_path):
    sender = Sender(tmp_path / "control")
    assert (tmp_path / "control").stat().st_mode & 0o777 == 0o600
    sender.end()
    assert not (tmp_path / "control").exists()
    assert sender.command("status", status=1) == ""


def test_an_abandoned_socket_is_replaced(tmp_path):
    killed = Sender(tmp_path / "control")
    killed.process.kill()
    killed.process.wait(60)
    assert (tmp_path / "control").exists()
    sender = Sender(tmp_path / "control")
    assert sender.command("plan", "send:half") == "ok\n"
    assert sender.send() == 50
    sender.end()


@pytest.mark.parametrize("arguments", [("fork",)])
def test_a_forked_child_gets_the_command_too(tmp_path, arguments):
    sender = Sender(tmp_path / "control", *arguments)
    children = glob.glob(f"{tmp_path}/control.*")
    assert len(children) == 1
    assert sender.command("plan", "send:half") == f"{tmp_path}/control:\nok\n{children[0]}:\nok\n"
    assert sender.send() == 50
    sender.end()
    assert os.listdir(tmp_path) == []


def test_two_programs_with_one_path_both_get_the_command(tmp_path):
    first, second = Sender(tmp_path / "control"), Sender(tmp_path / "control")
    first.command("plan", "send:half")
    assert [first.send(), second.send()] == [50, 50]
    second.end()
    first.command("off")
    assert first.send() == 100
    first.end()


def test_a_silent_client_does_not_block_others(sender):
    import socket
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(sender.path))
        silent.close()
        assert sender.command("status").startswith("on\n")


def test_the_thread_takes_no_signals_and_no_low_descriptor(tmp_path):
    """All signals are blocked in the thread, and its socket has a high number."""
    sender = Sender(tmp_path / "control")
    pid = sender.process.pid
    wait_until(lambda: len(os.listdir(f"/proc/{pid}/task")) == 2, "the thread is there")
    thread, = (name for name in os.listdir(f"/proc/{pid}/task") if int(name) != pid)
    with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as status:
        blocked, = (line.split()[1] for line in status if line.startswith("SigBlk"))
    assert int(blocked, 16) & (1 << 14 | 1 << 1) == 1 << 14 | 1 << 1  # SIGTERM, SIGINT
    assert max(map(int, os.listdir(f"/proc/{pid}/fd"))) > 500
    sender.end()
