"""The jail: what a hostile submission sees, and what is left of it."""
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from grader.isolation import works

TOP = Path(__file__).resolve().parents[2]
MARK = 10**8 + os.getpid()  # seconds; the argument by which the processes of these tests are known

HOSTILE = f"""#!/bin/sh
echo "up: $(grep -c . /proc/net/route) routes, interfaces: $(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | paste -sd, -)"
for path in {TOP} /root /home /var; do ls $path >/dev/null 2>&1 && echo "sees $path"; done
for path in /usr/x /etc/x /x {TOP}/x /proc/sys/kernel/hostname; do (echo bad >$path) 2>/dev/null && echo "writes $path"; done
echo "neighbours: $(ls -d /tmp/grade-*/*/box 2>/dev/null | wc -l)"
touch /tmp/mine mine && echo "writes its own"
kill -9 -1 2>/dev/null
echo "processes: $(ls -d /proc/[0-9]* | wc -l)"
setsid sleep {MARK} &
(trap '' TERM HUP INT; sleep {MARK}) &
i=0; while [ $i -lt 400 ]; do sleep {MARK} & i=$((i + 1)); done 2>/dev/null
"""


@pytest.fixture(params=["bwrap", "unshare"])
def kind(request):
    if not works(request.param):
        pytest.skip(f"{request.param} cannot make namespaces here")
    return request.param


def script(directory, text):
    directory.mkdir()
    path = directory / "aws"
    path.write_text(text)
    path.chmod(0o755)
    return path


def grade(tmp_path, *arguments):
    """Grades submissions that end by themselves, or listen: nothing waits until its limit is over."""
    report = tmp_path / "report.json"
    done = subprocess.run([sys.executable, str(TOP / "grade"), *map(str, arguments), "--json", str(report),
                           "--timeout", "60"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(report.read_text())


def left_over():
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(MARK).encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_a_hostile_program_sees_little_changes_nothing_and_leaves_nothing(kind, tmp_path):
    program = script(tmp_path / "mallory", HOSTILE)
    report = grade(tmp_path, program, "--only", "c02-runs", "--isolation", kind)
    said = "\n".join(report["tests"][0]["log"])
    assert "interfaces: lo" in said and "up: 1 routes" in said
    assert "sees" not in said
    assert [line for line in said.splitlines() if line.startswith("writes")] == ["writes its own"]
    assert "neighbours: 1" in said
    assert int(said.rpartition("processes: ")[2].split()[0]) < 8
    assert left_over() == []


LISTENER = """import socket, sys
listener = socket.create_server(("", 8888), reuse_port=False)
print("mine", flush=True)
clients = []
while True:
    clients.append(listener.accept())
"""


def test_submissions_side_by_side_each_have_the_port(kind, tmp_path):
    programs = [script(tmp_path / name, f"#!/usr/bin/python3\n{LISTENER}") for name in ("alice", "bob", "carol")]
    reports = grade(tmp_path, *programs, "--only", "c04-port", "c05-accepts", "--isolation", kind, "--jobs", "3")
    assert [report["points"] for report in reports] == [2, 2, 2]


def test_a_build_that_forks_without_end_is_over_when_it_fails(kind, tmp_path):
    directory = tmp_path / "bomb"
    directory.mkdir()
    (directory / "Makefile").write_text(f"aws:\n\t@(i=0; while [ $$i -lt 400 ]; do sleep {MARK} & i=$$((i+1)); done) 2>&1 | head -1; false\n")
    report = grade(tmp_path, directory, "--only", "c01-exists", "--isolation", kind)
    assert report["build"]["problem"].startswith("make failed")
    assert left_over() == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_grader_that_is_ended_leaves_no_process(tmp_path, ending):
    kind = next((one for one in ("bwrap", "unshare") if works(one)), "none")
    program = script(tmp_path / "eve", f"#!/bin/sh\nsleep {MARK}\n")
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        Path(directory).chmod(0o755)
        process = subprocess.Popen([sys.executable, str(TOP / "grade"), str(program), "--isolation", kind, "--only",
                                    "c03-listens", "--timeout", "60"], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env={**os.environ, "TMPDIR": directory},
                                   # Whoever runs the tests may ignore it, as a shell does for commands behind a "&".
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        while not left_over():
            assert process.poll() is None
        process.send_signal(ending)
        said = process.communicate()[1].decode()
        while left_over():
            pass
        if ending != signal.SIGKILL:
            assert said.endswith("grade: interrupted; nothing is left running\n") and process.returncode == 130
            assert " error " not in said
            assert list(Path(directory).iterdir()) == []


def test_without_namespaces_processes_that_left_their_parent_are_ended_too(tmp_path):
    program = script(tmp_path / "oscar", f"#!/bin/sh\n(setsid sleep {MARK} &)\n")
    grade(tmp_path, program, "--only", "c02-runs", "--isolation", "none")
    assert left_over() == []


def test_nothing_is_written_through_a_link_in_the_place_of_static(kind, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    program = script(tmp_path / "trudy", f"#!/bin/sh\nmv static other; ln -s {outside} static\n")
    grade(tmp_path, program, "--only", "x-directory", "--isolation", kind)
    assert list(outside.iterdir()) == []
