"""Command lines of the benchmarks: mistakes are one line, and an end leaves nobody behind."""
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import TOP
from observe import wait_until

AN_AWS_OF_NAME_ONLY = "#!/bin/sh\necho 'usage: another'\n"


def bench(*arguments, program="bench"):
    return subprocess.run([sys.executable, TOP / f"bench/{program}.py", *arguments],
                          capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("program, argument, told", [
    ("bench", "--scenario=static-2k", "bench: no scenario is like 'static-2k'; there are: "),
    ("bench", "--rounds=0", "bench: argument --rounds: '0' is not a whole number above 0"),
    ("bench", "--rounds=many", "bench: argument --rounds: 'many' is not a whole number above 0"),
    ("bench", "--seconds=0.3", "bench: argument --seconds: '0.3' is not a whole number above 0"),
    ("bench", "--seconds=-1", "bench: argument --seconds: '-1' is not a whole number above 0"),
    ("bench", "--against=/absent", "bench: --against /absent: it cannot be run: No such file"),
    ("bench", "--against=/", "bench: --against /: it cannot be run: Permission denied"),
    ("sockop_overhead", "--rounds=0",
     "bench-shim: argument --rounds: '0' is not a whole number above 0"),
    ("stall", "--rounds=0", "bench-stall: argument --rounds: '0' is not a whole number above 0"),
    ("stall", "--seconds=nan", "bench-stall: argument --seconds: 'nan' is not a number above 0"),
])
def test_a_mistake_is_told_in_one_line(program, argument, told):
    ended = bench(argument, program=program)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(told) and ended.stderr.count("\n") == 1


def test_another_program_is_not_taken_for_an_aws(tmp_path):
    program = tmp_path / "another"
    program.write_text(AN_AWS_OF_NAME_ONLY)
    program.chmod(0o755)
    ended = bench(f"--against={program}")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "this is no aws" in ended.stderr


STARTS_AWS = """\
import sys, signal, time
sys.path.insert(0, {bench!r})
import command_line, servers
for number in command_line.ENDING:  # whoever runs the tests may ignore some, as nohup does
    signal.signal(number, signal.SIG_DFL)
def main():
    with servers.running(["aws"], {root!r}) as started:
        print(started[0].pid, started[0].folder, flush=True)
        {then}
sys.exit(command_line.run("bench", main))
"""


@pytest.fixture
def run(tmp_path):
    """run(what it does then) starts an aws as a benchmark does: its process, aws's pid, folder."""
    processes, folders = [], []

    def start(then="while True: time.sleep(0.01)"):
        script = STARTS_AWS.format(bench=str(TOP / "bench"), root=str(tmp_path), then=then)
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        processes.append(process)
        pid, folder = process.stdout.readline().split()
        folders.append(folder)
        return process, int(pid), Path(folder)
    yield start
    for process in processes:
        process.kill()
        process.communicate()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)  # of a benchmark that could not


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_servers_before_the_benchmark(run, name):
    process, pid, folder = run()
    process.send_signal(signal.Signals[name])
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.Signals[name]
    assert told == f"bench: ended by {name}\n"
    assert not os.path.exists(f"/proc/{pid}") and not folder.exists()


def is_gone(pid):
    """Whether it has ended: an orphan may stay a zombie where nobody adopts it."""
    try:
        return re.search(r"^State:\s+[ZX]", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_servers_do_not_outlive_a_benchmark_that_is_killed(run):
    process, pid, _ = run()
    process.kill()
    wait_until(lambda: is_gone(pid), "aws has ended")


def test_what_the_system_refuses_is_told_in_one_line(run):
    process, pid, _ = run("open('/absent/file')")
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert told == "bench: [Errno 2] No such file or directory: '/absent/file'\n"
    assert not os.path.exists(f"/proc/{pid}")
