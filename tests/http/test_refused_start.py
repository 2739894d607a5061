"""The start: each resource that it takes is refused in turn, and nothing in it grows with a limit."""
import os
import re
import resource
import shutil
import subprocess

import pytest

from conftest import AWS

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
CALLS = ["clone3", "eventfd2", "epoll_create1", "epoll_ctl", "timerfd_create", "io_setup", "socket", "bind", "listen"]


def start_with(tmp_path, *strace_options):
    (tmp_path / "static").mkdir(exist_ok=True)
    return subprocess.Popen(
        ["strace", "-f", "-qq", "-o", tmp_path / "trace", *strace_options, AWS, "--root", tmp_path, "--port", "0",
         "--threads", "2", "--access-log", tmp_path / "log"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def server_pid(strace):
    with open(f"/proc/{strace.pid}/task/{strace.pid}/children") as children:
        return int(children.read().split()[0])


@needs_strace
@pytest.mark.parametrize("call", CALLS)
def test_each_refused_call_is_one_line_and_status_1(tmp_path, call):
    """Until the n-th call is none of the start's."""
    error = {"clone3": "EAGAIN", "socket": "EMFILE", "bind": "EACCES", "listen": "EADDRINUSE"}.get(call, "ENOMEM")
    refused = 0
    for nth in range(1, 100):
        process = start_with(tmp_path, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={nth}")
        line = process.stdout.readline()
        if line.startswith("aws: serving"):
            os.kill(server_pid(process), 15)
            process.communicate(timeout=60)
            assert process.returncode == 0
            if "INJECTED" not in (tmp_path / "trace").read_text():
                break
            continue  # it can do without
        refused += 1
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1, (nth, errors)
        assert errors.count("\n") == 1 and errors.startswith("aws: "), (nth, errors)
        assert re.search(r"raise|lower|choose|refuses|already|Function", errors), (nth, errors)
    assert refused > 0


@needs_strace
def test_the_number_of_system_calls_does_not_depend_on_a_limit(tmp_path):
    counts = []
    (tmp_path / "static").mkdir()
    for limit in (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]):
        process = subprocess.Popen(
            ["prlimit", f"--nofile={limit}:{limit}", "strace", "-f", "-qq", "-o", tmp_path / "trace", AWS, "--root",
             tmp_path, "--port", "0", "--threads", "1", "--audit", "--max-connections", "10", "--file-cache", "4"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout.readline().startswith("aws: serving")
        os.kill(server_pid(process), 15)
        process.communicate(timeout=60)
        assert process.returncode == 0
        counts.append(len(re.findall(r"^\d+ +\w+\(", (tmp_path / "trace").read_text(), re.MULTILINE)))
    assert counts[0] > 50 and abs(counts[1] - counts[0]) < 100, counts
