"""What ./grade says to a wrong command line, and to a machine that lacks something: one line, and the exit status."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
GRADE = TOP / "grade"


def grade(*arguments, **options):
    return subprocess.run([sys.executable, str(GRADE), *map(str, arguments)], capture_output=True, text=True, timeout=100,
                          check=False, **options)


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "aws"
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("arguments, words", [
    ([], "no submission is named"),
    (["/nowhere/at/all"], "/nowhere/at/all: there is no such directory or program"),
    (["{}", "--jobs", "0"], "'0' is no whole number from 1 to"),
    (["{}", "--jobs", "two"], "'two' is no whole number"),
    (["{}", "--timeout", "nan"], "'nan' is no number of seconds"),
    (["{}", "--seed", "-1"], "'-1' is no whole number"),
    (["{}", "--only", "x-none"], "no test is called x-none"),
    (["--only", "c02-runs", "{}"], "no submission is named"),
    (["{}", "--json", "/nowhere/at/all.json"], "there is no directory /nowhere/at"),
    (["{}", "--scheme", "/nowhere/at/all.toml"], "No such file"),
    (["{}", "--frobnicate"], "unrecognized arguments: --frobnicate"),
])
def test_a_wrong_command_line_is_one_line_and_exit_status_2(program, arguments, words):
    done = grade(*(word.format(program) for word in arguments))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("grade: ") and done.stderr.count("\n") == 1
    assert words in done.stderr


def test_a_machine_without_valgrind_is_named_and_exit_status_3(program, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make", "env"):
        (tools / name).symlink_to(Path("/usr/bin") / name)
    done = grade(program, "--only", "x-valgrind-leaks", env={**os.environ, "PATH": str(tools)})
    assert done.returncode == 3
    assert "valgrind is not installed" in done.stderr


def test_a_machine_without_namespaces_is_told_in_one_line(program, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make", "env", "mv", "kill"):
        (tools / name).symlink_to(Path("/usr/bin") / name)
    done = grade(program, "--only", "c01-exists", env={**os.environ, "PATH": str(tools)})
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("no namespaces for processes and networks can be had here") == 1
    assert "1 of 1 points" in done.stdout


def test_lists_the_course_s_ninety_points():
    done = grade("--list")
    assert done.returncode == 0
    assert "90 points in the course column" in done.stdout
    assert "c24-fifty " in done.stdout and "x-eintr " in done.stdout


def test_a_closed_pipe_ends_the_list_in_silence():
    done = subprocess.run(["sh", "-c", f"{sys.executable} {GRADE} --list | head -1"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("c01-exists") and done.stderr == ""


@pytest.mark.parametrize("variable", ["LC_ALL"])
def test_grading_works_whatever_the_points_and_says_so_by_exit_status_0(program, variable):
    done = grade(program, "--only", "c02-runs", "c04-port", "--timeout", "2", env={**os.environ, variable: "C"})
    assert done.returncode == 0
    assert "fail    c02-runs: Executable runs (0 of 1)" in done.stdout
    assert "it ended with exit status 1" in done.stdout
    assert "0 of 2 points" in done.stdout
