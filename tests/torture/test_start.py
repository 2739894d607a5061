"""Each call that the server makes before it serves fails once: it serves all the same, and rightly,
or says in one line why not and ends with status 1."""
import os
import re
import subprocess

import pytest

from client import Client
from conftest import AWS, CLEAN, SHIM, write_file

ERRNOS = {
    "socket": ["EACCES", "EAFNOSUPPORT", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"],
    "setsockopt": ["ENOBUFS", "ENOPROTOOPT", "EPERM"],
    "eventfd": ["EMFILE", "ENFILE", "ENODEV", "ENOMEM"],
    "io_setup": ["EAGAIN", "ENOMEM", "ENOSYS"],
    "openat": ["EACCES", "EINTR", "EIO", "EMFILE", "ENOENT", "ENOMEM"],
}
ENOUGH = 40  # calls; the loop below ends long before


def start(root, plan, log):
    environment = os.environ | {"LD_PRELOAD": str(SHIM), "SOCKOP": plan, "SOCKOP_LOG": str(log)}
    return subprocess.Popen(
        [AWS, "--root", root, "--port", "0", "--threads", "2", "--audit"], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(process, content):
    """What is wrong with what became of it; empty if nothing is."""
    said = process.stdout.readline()
    if said:
        with Client(int(re.search(r":(\d+)/", said)[1])) as client:
            client.request("/static/x")
            answer = client.answer()
        process.terminate()
    errors = process.communicate(timeout=60)[1].splitlines()
    if not said:
        refused = process.returncode == 1 and len(errors) == 1 and errors[0].startswith("aws: ")
        return "" if refused else f"it does not start: {process.returncode}, {errors}"
    if answer.body != content:
        return f"it serves wrongly: {answer}"
    ended_well = process.returncode == 0 and errors[-1] == CLEAN
    return "" if ended_well else f"it ends with {process.returncode}, {errors}"


@pytest.mark.parametrize("call", ERRNOS)
def test_each_call_of_the_start_may_fail(call, tmp_path):
    content = write_file(tmp_path / "static/x", 1000)
    log = tmp_path / "faults"
    problems, faults = [], 0
    for errno in ERRNOS[call]:
        for number in range(1, ENOUGH):
            log.write_text("")
            plan = f"{call}:{errno}@@{number}[fd=any]"
            with start(tmp_path, plan, log) as process:
                if problem := outcome(process, content):
                    problems.append(f"SOCKOP='{plan}': {problem}")
            if not log.read_text():
                break
            faults += 1
    assert not problems, "\n".join(problems)
    assert faults >= len(ERRNOS[call])
