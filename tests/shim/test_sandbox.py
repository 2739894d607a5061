"""The shim in a program that installs a seccomp filter: it makes no system call that the filter
forbids, and omits what it cannot do."""
import re
import subprocess
from collections import Counter

import pytest

from shimmed import SOCKOPCTL, environment, faults, programs, run

ENTRIES = ["prctl", "seccomp", "syscall-prctl", "tsync"]


@pytest.fixture
def confined(programs, tmp_path):
    """confined(how, outside, *calls, …) → the results of the calls."""
    (tmp_path / "file").write_bytes(bytes(1000))

    def run_it(how, outside, *calls, **shim):
        done = run(programs("sandbox"), how, outside, tmp_path / "file", *calls, **shim)
        return done.stdout.split()
    return run_it


# ---- Faults

@pytest.mark.parametrize("outside", ["kill", "errno"])
@pytest.mark.parametrize("how", ENTRIES)
def test_faults_need_no_system_call_of_the_shim(confined, how, outside):
    plan = "strict; send,recv,read,write,pread:half"
    calls = ("send", "recv", "read", "write", "pread", "accept")
    assert confined(how, outside, *calls, plan=plan) == ["50"] * 6


@pytest.mark.parametrize("how", ENTRIES)
def test_the_default_plan_works_in_a_sandbox(confined, how):
    """A transfer is not shortened if its edge-triggered registration cannot be rearmed."""
    assert confined(how, "kill", "send", "recv", "accept") == ["100", "100", "50"]
    assert confined(how, "open", "send", "recv", "accept") == ["50", "50", "50"]


def test_faults_work_in_strict_mode(confined):
    assert confined("strict", "kill", "read", "write", plan="read,write:half") == ["50", "50"]


@pytest.mark.parametrize("plan, allowed", [
    ("send:EPIPE", "-SIGPIPE"), ("msend:EPIPE", "EPIPE"), ("send:reset", "ECONNRESET"),
    ("msend:pipe", "EPIPE"), ("send:EAGAIN", "EAGAIN"), ("send:again", "EAGAIN"),
    ("send:rate=1000", "100"), ("send:delay=1", "100"), ("send:max=7", "7"),
])
def test_faults_that_need_a_forbidden_call_are_omitted(
        programs, confined, tmp_path, plan, allowed):
    call, action = plan.split(":")
    plan = f"send:{action}"
    free = action == "EPIPE" and call == "msend"
    assert confined("prctl", "kill", call, plan=plan) == [allowed if free else "100"]
    if allowed == "-SIGPIPE":
        command = [programs("sandbox"), "prctl", "open", tmp_path / "file", call]
        assert run(*command, plan=plan, check=False).returncode == -13
    else:
        assert confined("prctl", "open", call, plan=plan) == [allowed]


@pytest.mark.parametrize("plan, wanted", [
    ("pread:half[path=*/file]", "50"), ("pread:half[path=*/other]", "100"),
    ("pread:half[fd=file]", "50"), ("pread:half[fd=socket]", "100"), ("pread:half~1", "50"),
])
def test_conditions_on_files_work_in_a_sandbox(confined, plan, wanted):
    assert confined("prctl", "kill", "pread", plan=plan) == [wanted]


@pytest.mark.parametrize("number, wanted", [(1, "100"), (2, "50")])
def test_connections_accepted_in_a_sandbox_are_numbered(confined, number, wanted):
    # Connection 1 is the client's.
    assert confined("prctl", "kill", "accept", plan=f"send:half[conn={number}]") == [wanted]


# ---- The log, the table and the control socket

@pytest.mark.parametrize("how", ENTRIES)
def test_the_log_is_written_if_the_filter_allows_it(confined, tmp_path, how):
    log = tmp_path / "log"
    assert confined(how, "errno", "read", plan="read:half[fd=socket]", log=log) == ["50"]
    line, = faults(log)
    assert line["given"] == 50 and line["pid"] > 0 and line["time"] > 1e9


@pytest.mark.parametrize("how", ENTRIES)
def test_the_log_is_omitted_if_the_filter_would_kill(confined, tmp_path, how):
    log = tmp_path / "log"
    assert confined(how, "kill", "read", plan="read:half[fd=socket]", log=log) == ["50"]
    assert faults(log) == []


@pytest.mark.parametrize("outside, there", [("kill", False), ("errno", False), ("open", True)])
def test_a_table_that_a_filter_forbids_is_reported(programs, tmp_path, outside,
                                                                   there):
    (tmp_path / "file").write_bytes(bytes(1000))
    summary = tmp_path / "summary"
    done = run(programs("sandbox"), "prctl", outside, tmp_path / "file", "read", plan="",
               summary=summary)
    assert ("sockop: calls seen" in summary.read_text()) == there
    lost = f"sockop: SOCKOP_SUMMARY: cannot write the table to {summary}: EPERM\n"
    assert done.stderr == ("" if there else lost)


@pytest.mark.parametrize("outside", ["kill", "errno", "open"])
def test_a_table_on_standard_error_is_written(programs, tmp_path, outside):
    (tmp_path / "file").write_bytes(bytes(1000))
    done = run(programs("sandbox"), "prctl", outside, tmp_path / "file", "read",
               plan="read:half[fd=socket]", summary="-")
    assert re.search(r"^sockop:   read +\d+ +1$", done.stderr, re.MULTILINE), done.stderr


@pytest.mark.parametrize("how, outside, answers", [
    ("prctl", "kill", True), ("tsync", "kill", False), ("tsync", "errno", False),
])
def test_the_control_socket_is_removed_if_its_thread_is_sandboxed(programs, tmp_path, how, outside,
                                                                  answers):
    control = tmp_path / "control"
    (tmp_path / "file").write_bytes(bytes(1000))
    with subprocess.Popen([programs("sandbox"), how, outside, tmp_path / "file", "read", "wait",
                           "read"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=environment(plan="", control=control)) as process:
        assert process.stdout.readline() == "100\n"
        assert control.exists() == answers
        done = subprocess.run([SOCKOPCTL, control, "plan", "read:half[fd=socket]"], timeout=60,
                              capture_output=True, text=True)
        assert done.stdout == ("ok\n" if answers else ""), done.stderr
        assert process.communicate("\n", timeout=60)[0] == "1\n" + ("50\n" if answers else "100\n")
    assert process.returncode == 0


# ---- Without a sandbox

@pytest.mark.parametrize("plan", [None, "strict; send,recv,read,write,pread:half",
                                  "strict; send,recv,read,write,pread:EINTR@2",
                                  "accept4:EMFILE@2; send:half[conn=2]"])
def test_the_kernel_sees_only_calls_of_the_program(programs, tmp_path, plan):
    (tmp_path / "file").write_bytes(bytes(1000))
    calls = ["read", "write", "accept", "read", "write"]
    if plan and plan.startswith("strict"):
        calls += ["send", "recv"] * 2

    def seen(preload):
        trace = tmp_path / "trace"
        command = [programs("sandbox"), "none", "kill", tmp_path / "file", *calls]
        preload = ["-E", f"LD_PRELOAD={preload}"] if preload else []
        subprocess.run(["strace", "-o", trace, *preload, *map(str, command)], check=True,
                       stdout=subprocess.DEVNULL, timeout=60,
                       env=environment(plan=plan, preload=None))
        lines = trace.read_text().splitlines()
        first = max(i for i, line in enumerate(lines) if "PR_SET_SECCOMP" in line) + 1
        return Counter(line.partition("(")[0] for line in lines[first:])
    with_shim, without = seen(environment()["LD_PRELOAD"]), seen(None)
    assert with_shim <= without, with_shim - without
    assert "EINTR" in str(plan) or "EMFILE" in str(plan) or with_shim == without
