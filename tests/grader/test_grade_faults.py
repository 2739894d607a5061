"""A part of `make grade-self`: some faults, by the tests that are meant to find them, on each run of the tests."""
import shlex
import subprocess

import pytest
from fault_table import FAULTS
from matrix import TOP, failures, grade, solution

PLAYED = ("NONE", "EXITS_AT_START", "WRONG_STATIC_BYTE", "DOTDOT", "EINTR_EXITS", "SHARED_REQUEST", "WAITS_FOR_AIO",
          "SUBMIT_AGAIN_IS_FATAL", "LEAKS_LITTLE")
TESTS = ["c02-runs", "c16-small", "c17-small-same", "c17-small-same-memcheck", "c18-large", "c19-large-same",
         "c26-dynamic-small", "c27-dynamic-small-same", "x-outside-dotdot", "x-eintr", "x-interleaved", "x-no-waiting",
         "x-aio-eagain"]
BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    directory = tmp_path_factory.mktemp("faults")
    submissions = [solution(directory, name) for name in PLAYED] + [TOP / "aws"]
    return grade(submissions, TESTS, jobs=2, timeout_s=4.0)


pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("name", ["NONE", "aws"])
def test_what_is_right_gets_everything(reports, name):
    report = reports[name]
    assert failures(report) == {}
    assert report["points"] == report["max"] and report["extra"] == report["extra_max"]


@pytest.mark.parametrize("name", [name for name in PLAYED if name != "NONE"])
def test_a_fault_is_found_by_the_tests_that_are_meant_for_it(reports, name):
    failed = failures(reports[name])
    assert set(failed) == set(BY_NAME[name].found_by) & set(TESTS)


def test_the_replay_command_plays_the_same_again(reports):
    found = next(test for test in reports["EINTR_EXITS"]["tests"] if test["id"] == "x-eintr")
    command = shlex.split(found["replay"])
    command.remove("--keep")
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    assert "fail    x-eintr" in done.stdout and found["expected"] in done.stdout


def test_the_table_names_faults_and_tests_that_exist():
    header = (TOP / "tests/grader/student/faults.h").read_text()
    switches = {word.rstrip(",") for line in header.splitlines() if line.startswith("  ") for word in line.split() if word.isupper() or "_" in word}
    assert {fault.name for fault in FAULTS} | {"NONE"} == {word for word in switches if word.replace("_", "").isalnum() and word.isupper()}
    assert len(FAULTS) >= 30
