"""The calibration: the solution without a fault, ./aws, and faults that show at once. Only GRADE_SELF has it collected.

Each fault is played by the tests that are meant to find it, and by a few that must not fail. `make grade-self` plays
all faults by all tests, and here those that take longer: the environment variable GRADE_SELF asks for them.
"""
import os
import shlex
import subprocess

import pytest
from fault_table import FAULTS
from matrix import TOP, failures, grade, mistakes, solution

QUICK = ("EXITS_AT_START", "NEEDS_HOST", "MISSING_STATIC_IS_200", "OTHER_PATH_IS_403", "SENDFILE_ONCE", "SEND_ONCE",
         "WRONG_STATIC_BYTE", "WRONG_DYNAMIC_BYTE", "DOTDOT", "LONG_PATH_DIES", "DIES_WHEN_RESET", "EINTR_EXITS",
         "DYNAMIC_BY_READ", "SUBMIT_AGAIN_IS_FATAL")
LONGER = ("ONE_CLIENT", "NO_REUSEADDR", "SHARED_REQUEST", "WAITS_FOR_AIO", "SHARED_BLOCK", "SPINS_IDLE", "LEAKS_LITTLE")
COMMON = ["c02-runs", "c03-listens", "c04-port", "c13-replies", "c16-small", "c26-dynamic-small"]
LIMIT_S = 4.0
IS_WHOLE = bool(os.environ.get("GRADE_SELF"))
BY_NAME = {fault.name: fault for fault in FAULTS}
PLAYED = QUICK + (LONGER if IS_WHOLE else ())

pytestmark = pytest.mark.timeout(600)


def ids_of(names):
    return list(dict.fromkeys(COMMON + [id for name in names for id in BY_NAME[name].found_by]))


@pytest.mark.parametrize("name", ["NONE", "aws"])
def test_what_is_right_gets_everything(name, tmp_path):
    program = TOP / "aws" if name == "aws" else solution(tmp_path, name)
    report, = grade([program], ids_of(PLAYED), 1, LIMIT_S).values()
    assert failures(report) == {}
    assert report["points"] == report["max"] and report["extra"] == report["extra_max"]


@pytest.mark.parametrize("name", PLAYED)
def test_a_fault_is_found_by_the_tests_that_are_meant_for_it(name, tmp_path):
    report, = grade([solution(tmp_path, name)], ids_of([name]), 1, LIMIT_S).values()
    assert mistakes(BY_NAME[name], report) == []


def test_the_replay_command_plays_the_same_again(tmp_path):
    report, = grade([solution(tmp_path, "DOTDOT")], ["x-outside-dotdot"], 1, LIMIT_S).values()
    found, = report["tests"]
    command = shlex.split(found["replay"])
    command.remove("--keep")
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    assert "fail    x-outside-dotdot" in done.stdout and found["expected"] in done.stdout


def test_the_table_names_faults_and_tests_that_exist():
    header = (TOP / "tests/grader/student/faults.h").read_text()
    switches = {word.rstrip(",") for line in header.splitlines() if line.startswith("  ") for word in line.split() if word.isupper() or "_" in word}
    assert {fault.name for fault in FAULTS} | {"NONE"} == {word for word in switches if word.replace("_", "").isalnum() and word.isupper()}
    assert len(FAULTS) >= 30
    assert set(QUICK + LONGER) <= set(BY_NAME)
