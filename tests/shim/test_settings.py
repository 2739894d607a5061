"""The settings are copied at load, and relative paths refer to the directory at load: a program may
later change its environment, its directory and its processes."""
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap

import pytest

from observe import wait_until
from shimmed import SHIM, SOCKOPCTL, environment, faults, programs, run


def run_in(directory, *command, check=True, **shim):
    """Runs a program in the directory."""
    done = subprocess.run([str(word) for word in command], cwd=directory, env=environment(**shim),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, done.stderr
    return done


def files(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*")
                  if not path.is_dir())


# ---- A program that overwrites its environment

@pytest.mark.parametrize("ways", [["exit"], ["_exit"], ["fork", "exit"], ["closeall", "exit"]],
                         ids="+".join)
def test_settings_survive_an_overwritten_environment(programs, tmp_path, ways):
    log, summary = tmp_path / "log", tmp_path / "summary"
    run_in(tmp_path, programs("title"), *ways, plan="send:half", log=log, summary=summary)
    assert files(tmp_path) == ["log", "summary"]
    processes = 2 if "fork" in ways else 1
    assert len(faults(log)) == processes
    assert summary.read_text().count("sockop: calls seen") == processes


def test_a_childs_socket_is_named_after_the_original_path(programs, tmp_path):
    control = tmp_path / "control"
    with subprocess.Popen([programs("title"), "fork", "wait", "exit"], cwd=tmp_path,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=environment(plan="", control=control)) as process:
        pids = [int(process.stdout.readline()) for _ in range(2)]
        assert files(tmp_path) == ["control", f"control.{max(pids)}"]
        process.communicate(timeout=60)
    assert files(tmp_path) == []


# ---- A program that changes its directory

ELSEWHERE = """
    import os, socket, sys
    os.mkdir("elsewhere")
    os.chdir("elsewhere")
    ours, theirs = socket.socketpair()
    pid = os.fork() if "fork" in sys.argv else 0
    if pid > 0:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    if "close" in sys.argv:
        for fd in os.listdir("/proc/self/fd"):  # bypasses the hooks
            import ctypes
            if int(fd) > 100:
                ctypes.CDLL("libc.so.6").close(int(fd))
    ours.send(bytes(100))
"""


@pytest.mark.parametrize("ways", [[], ["fork"], ["close"]], ids=lambda ways: "+".join(ways) or "-")
def test_relative_paths_refer_to_the_directory_at_load(tmp_path, ways):
    run_in(tmp_path, sys.executable, "-c", textwrap.dedent(ELSEWHERE), *ways,
           plan="send:half", log="log", summary="summary", control="control")
    assert files(tmp_path) == ["log", "summary"]
    assert len(faults(tmp_path / "log")) == 1
    assert (tmp_path / "summary").read_text().count("sockop: calls") == 1 + ("fork" in ways)


@pytest.mark.parametrize("depth", [1, 10])
def test_the_path_of_a_control_socket_may_be_long(tmp_path, depth):
    """A socket address holds 107 characters, and an absolute path may be longer."""
    directory = tmp_path / "/".join(["a-long-name-of-a-directory"] * depth)
    directory.mkdir(parents=True)
    script = "import os; os.chdir('/'); print('ready', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], cwd=directory, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE,
                          env=environment(plan="", control="control")) as process:
        assert process.stdout.readline() == b"ready\n"
        done = subprocess.run([SOCKOPCTL, "control", "status"], cwd=directory, timeout=60,
                              capture_output=True, text=True)
        assert done.stdout.startswith("on\n"), done
        process.communicate(b"\n", timeout=60)
    assert files(tmp_path) == []


def test_a_removed_working_directory_is_reported(tmp_path):
    script = f"mkdir gone; cd gone; rmdir ../gone; LD_PRELOAD={SHIM} SOCKOP_LOG=log exec true"
    done = run_in(tmp_path, "sh", "-c", script, check=False, preload="")
    assert (done.returncode, done.stderr) == (2, "sockop: SOCKOP_LOG: cannot use log: ENOENT\n")


# ---- The file of the table

def test_an_unusable_summary_file_prevents_the_start(tmp_path):
    done = run("true", plan="", summary=tmp_path / "no/such/directory", check=False)
    assert (done.returncode, done.stderr) == (
        2, f"sockop: SOCKOP_SUMMARY: cannot use {tmp_path}/no/such/directory: ENOENT\n")


def test_a_table_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "there").mkdir()
    script = "import os, sys; os.remove('there/summary'); os.rmdir('there')"
    done = run_in(tmp_path, sys.executable, "-c", script, plan="", summary="there/summary")
    assert done.stderr == ("sockop: SOCKOP_SUMMARY: cannot write the table to "
                           f"{tmp_path}/there/summary: ENOENT\n")


def test_a_full_disk_is_reported(tmp_path):
    done = run("true", plan="", summary="/dev/full")
    assert done.stderr == "sockop: SOCKOP_SUMMARY: cannot write the table to /dev/full: ENOSPC\n"


# ---- The removal of control sockets

def wait_for_line(process):
    assert process.stdout.readline() == b"ready\n"


def sleeper(path, script="print('ready', flush=True); input()"):
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env=environment(plan="", control=path))
    wait_for_line(process)
    return process


def status(path):
    return subprocess.run([SOCKOPCTL, path, "status"], capture_output=True, text=True, timeout=60)


def test_a_newer_socket_of_another_process_is_not_removed(tmp_path):
    control = tmp_path / "control"
    first = sleeper(control)
    control.unlink()
    second = sleeper(control)
    first.communicate(b"\n", timeout=60)
    assert control.exists() and status(control).stdout.startswith("on\n")
    second.communicate(b"\n", timeout=60)
    assert not control.exists()


@pytest.mark.parametrize("kind", ["file", "directory", "symlink", "fifo"])
def test_files_that_are_not_sockets_are_not_removed(tmp_path, kind):
    control, other = tmp_path / "control", tmp_path / "other"
    other.write_text("precious")
    {"file": lambda: control.write_text("precious"), "directory": control.mkdir,
     "symlink": lambda: control.symlink_to("other"), "fifo": lambda: os.mkfifo(control)}[kind]()
    before = control.lstat()
    done = run("true", plan="", control=control, check=False)
    assert (done.returncode, done.stderr) == (
        2, f"sockop: SOCKOP_CONTROL: cannot use {control}: EEXIST\n")
    assert status(control).returncode == 1
    assert (control.lstat().st_ino, control.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert other.read_text() == "precious" and files(tmp_path) == sorted(
        ["other"] if kind == "directory" else ["control", "other"])


def test_sockopctl_removes_nothing(tmp_path):
    control, child = tmp_path / "control", tmp_path / "control.1"
    for path in (control, child):
        with socket.socket(socket.AF_UNIX) as abandoned:
            abandoned.bind(str(path))
    (tmp_path / "control.2").write_text("a file that looks like a child's socket")
    assert status(control).returncode == 1
    assert files(tmp_path) == ["control", "control.1", "control.2"]


def test_the_child_of_a_daemon_has_its_own_socket(tmp_path):
    """The parent exits at once. Only the parent has the name without a number."""
    control = tmp_path / "control"
    script = """
        import os, sys, time
        into, out = os.pipe()
        if os.fork() > 0:
            os.close(out)
            os.read(into, 1)  # until the child listens
            sys.exit()
        os.chdir("/")
        print(os.getpid(), flush=True)
        os.close(out)
        input()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=environment(plan="", control="control")) as process:
        child = int(process.stdout.readline())
        assert process.wait(60) == 0
        assert files(tmp_path) == [f"control.{child}"]
        assert status(control).stdout.startswith("on\n")
        process.stdin.write(b"\n")
        process.stdin.close()
        wait_until(lambda: files(tmp_path) == [], "the child has removed its socket")


def test_the_socket_of_a_killed_process_is_replaced(tmp_path):
    control = tmp_path / "control"
    killed = sleeper(control)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    assert stat.S_ISSOCK(control.stat().st_mode)
    second = sleeper(control)
    assert status(control).stdout.startswith("on\n") and files(tmp_path) == ["control"]
    second.communicate(b"\n", timeout=60)
    assert files(tmp_path) == []
