"""The start: each resource that it takes is refused in turn, and nothing in it grows with a limit."""
import os
import re
import resource
import shutil
import signal
import subprocess

import pytest

from client import Client
from conftest import AWS, SHIM

CONTENT = b"content"
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
CALLS = ["clone3", "eventfd2", "epoll_create1", "epoll_ctl", "timerfd_create", "io_setup", "socket", "bind", "listen"]


def start_with(tmp_path, *strace_options):
    write_content(tmp_path)
    return subprocess.Popen(
        ["strace", "-f", "-qq", "-o", tmp_path / "trace", *strace_options, AWS, "--root", tmp_path, "--port", "0",
         "--threads", "2", "--access-log", tmp_path / "log", "--types", tmp_path / "types"],
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
        if line:
            assert_serves(line)
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


def assert_serves(line):
    """It says so in `line`, and it is true."""
    with Client(int(re.search(r":(\d+)/", line).group(1))) as client:
        client.request("/static/x.zz", headers=[("Connection", "close")])
        answer = client.answer()
    assert (answer.status, answer.body, answer["Content-Type"]) == (200, CONTENT, "test/last")


def start_of(tmp_path, *wrapper, env=None, threads=2, is_due=lambda: True):
    """Starts a server. Returns its exit status and what it printed on stderr; (None, "") if it says that it serves. If
    `is_due()` then, that must be true."""
    write_content(tmp_path)
    process = subprocess.Popen([*wrapper, AWS, "--root", tmp_path, "--port", "0", "--types", tmp_path / "types",
                                "--threads", str(threads)], env=env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    if line and is_due():
        assert_serves(line)
    if line:
        process.kill()
    _, errors = process.communicate(timeout=60)
    return (None, "") if line else (process.returncode, errors)


def write_content(tmp_path):
    (tmp_path / "static").mkdir(exist_ok=True)
    (tmp_path / "static/x.zz").write_bytes(CONTENT)
    (tmp_path / "types").write_text("test/first yy\ntest/last zz\n")


def failing_malloc(nth, log):
    log.write_text("")
    return os.environ | {"LD_PRELOAD": str(SHIM), "SOCKOP": f"malloc:ENOMEM@@{nth}", "SOCKOP_LOG": str(log)}


def test_too_few_descriptors_are_one_line_and_status_1(tmp_path):
    """RLIMIT_NOFILE, from what the dynamic loader needs to what serves a file."""
    refused = 0
    for limit in range(4, 100):
        status, errors = start_of(tmp_path, "prlimit", f"--nofile={limit}:{limit}", threads=1)
        if status is None:
            break
        if status != 127:
            refused += 1
            assert_refused(status, errors, limit)
    assert refused > 3


def assert_refused(status, errors, what):
    assert status == 1, (what, status, errors)
    assert errors.count("\n") == 1 and errors.startswith("aws: "), (what, errors)
    assert re.search("raise|lower|free memory", errors), (what, errors)


def test_too_little_address_space_is_one_line_and_status_1(tmp_path):
    """setrlimit(2): RLIMIT_AS. With less than the first value, the dynamic loader fails before main()."""
    refused = 0
    for mebibytes in range(40, 400, 3):
        status, errors = start_of(tmp_path, "prlimit", f"--as={mebibytes << 20}")
        if status is None:
            break
        if status != 127:
            refused += 1
            assert_refused(status, errors, mebibytes)
    assert refused > 3


def test_memory_that_is_refused_is_one_line_and_status_1(tmp_path):
    """The n-th malloc(3) fails: each of the first 300, and then every 23rd of those that are mostly for /etc/mime.types,
    until the server needs no more. Libraries allocate some objects before main(), where nothing can be caught."""
    nth, refused, log = 1, 0, tmp_path / "faults"
    while start_of(tmp_path, env=failing_malloc(nth, log))[0] == -signal.SIGABRT:
        nth += 1
    assert nth < 40
    while True:
        status, errors = start_of(tmp_path, env=failing_malloc(nth, log), is_due=lambda: bool(log.read_text()))
        if status is not None:
            refused += 1
            assert_refused(status, errors, nth)
        elif not log.read_text():
            break  # the start is over; memory that runs out later ends the server
        nth += 1 if nth < 300 else 23
    assert refused > 300


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
