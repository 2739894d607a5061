"""What is read from wrk, and what is made of it."""
import contextlib
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

import load
import process_tree
import scenarios
from observe import is_asleep, wait_until
from servers import Failure

OUTPUT = """\
Running 5s test @ http://127.0.0.1:1/static/1k.bin
  1 threads and 64 connections
Requests/sec:  50000.00
result: {"requests": 250000, "duration_us": 5000000, "bytes": 262144000, "p50_us": 812, \
"p99_us": 1304, "bad_status": 0, "failures": 2}
"""


def test_the_line_of_the_script_is_found_among_what_wrk_says():
    told = load.parse_wrk(OUTPUT)
    assert (told["requests"], told["p50_us"], told["p99_us"]) == (250_000, 812, 1304)


@pytest.mark.parametrize("output", ["", "unable to connect to 127.0.0.1:1 Connection refused",
                                    "the result: {} stands within a line"])
def test_output_without_a_result_is_a_failure_that_tells_it(output):
    with pytest.raises(Failure, match=output.strip() or "nothing"):
        load.parse_wrk(output)


def test_cpu_time_is_by_request_and_rates_are_by_second():
    told = load.figures(load.parse_wrk(OUTPUT), cpu_ns=2_000_000_000, peak_kib=6144)
    assert told == {"requests_s": 50_000, "cpu_us": 8, "mib_s": 50, "p50_us": 812, "p99_us": 1304,
                    "memory_mib": 6, "failures": 2}


def test_large_answers_are_counted_by_their_bytes():
    told = load.parse_wrk(OUTPUT) | {"requests": 0}
    found = load.figures(told, cpu_ns=9_000_000, peak_kib=0, answer_bytes=64 << 20)
    assert found["requests_s"] == pytest.approx(250 / 64 / 5)
    assert found["cpu_us"] == pytest.approx(9000 / (250 / 64))


def test_answers_of_a_mebibyte_and_more_are_large():
    by_bytes = {s.name: s.stream_bytes for s in scenarios.SCENARIOS if s.stream_bytes}
    assert by_bytes == {"static-1m": 1 << 20, "dynamic-1m": 1 << 20,
                        "static-64m": 64 << 20, "dynamic-64m": 64 << 20}


def test_a_run_without_answers_is_a_failure():
    with pytest.raises(Failure):
        load.figures({"requests": 0, "duration_us": 1}, 1, 1)


@pytest.mark.parametrize("name, errors, right", [
    ("static-1k", 0, True), ("static-1k", 1, False), ("not-modified", 1, False),
    ("not-found", 250_000, True), ("not-found", 249_999, False)])
def test_answers_under_load_have_the_status_that_was_asked_for(name, errors, right):
    told = load.parse_wrk(OUTPUT) | {"bad_status": errors}
    expected = contextlib.nullcontext() if right else pytest.raises(Failure, match="were errors")
    with expected:
        load.require_right_statuses(scenarios.chosen(name)[0], told)


@pytest.fixture
def parent():
    """A process with a child, which it ends when it is told to; its pid, and how to tell it."""
    script = ("import subprocess, sys; child = subprocess.Popen(['cat'], stdin=subprocess.PIPE);"
              "print(flush=True); input(); child.communicate(); print(flush=True); input()")
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        def end_the_child():
            process.stdin.write("\n")
            process.stdout.readline()
        process.stdout.readline()
        wait_until(lambda: all(is_asleep(pid) for pid in process_tree.members(process.pid)),
                   "both wait for input")
        yield process.pid, end_the_child
        process.kill()


def test_who_loses_a_process_under_load_has_no_price(parent):
    pid, end_the_child = parent
    with pytest.raises(Failure, match="a process of it ended under load"):
        load.cpu_ns_during(pid, end_the_child)


def test_who_did_not_run_was_not_who_answered(parent):
    with pytest.raises(Failure, match="somebody else answers"):
        load.cpu_ns_during(parent[0], lambda: "told by another server on its port")


def test_what_a_load_cost_is_told_with_what_it_said():
    def work():
        deadline = time.thread_time_ns() + 20_000_000
        while time.thread_time_ns() < deadline:
            pass
        os.sched_yield()  # the kernel adds up what ran when it stops running
        return "told"
    told, used = load.cpu_ns_during(os.getpid(), work)
    assert told == "told" and used > 10_000_000


def test_a_crowd_gets_longer_rounds():
    by_connections = {s.connections: load.load_seconds(s, 2) for s in scenarios.SCENARIOS}
    assert (by_connections[64], by_connections[1000], by_connections[15_000]) == (2, 2, 9)


def test_idle_connections_are_open_and_answered_until_the_block_ends(start):
    server = start()
    before = process_tree.descriptors(server.pid)
    with load.idle_connections(server.port, 150, "/absent"):
        assert process_tree.descriptors(server.pid) == before + 150


def test_the_load_counts_that_others_disturbed_the_least(monkeypatch):
    ran = iter([{"a": 10, "b": 5}, {"a": 10, "b": 85},  # before and after each load
                {"a": 10, "b": 85}, {"a": 20, "b": 85, "new": 70},
                {"a": 20, "b": 85, "gone": 90}, {"a": 31, "b": 85}])
    monkeypatch.setattr(process_tree, "cpu_ns_of_others", lambda _: next(ran))
    found = iter(["first", "second", "third"])
    assert load.least_disturbed(1, lambda: next(found), 3) == "second"


def test_beside_idle_connections_loads_are_short(monkeypatch):
    seconds = []

    def wrk(_server, _scenario, duration, _headers):
        seconds.append(duration)
        return load.parse_wrk(OUTPUT)
    monkeypatch.setattr(load, "wrk", wrk)
    monkeypatch.setattr(load, "check_answer", lambda *_: None)
    monkeypatch.setattr(load, "idle_connections", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(load, "cpu_ns_during", lambda _, run: (run(), 1))
    server = SimpleNamespace(name="aws", port=1, pid=os.getpid())
    assert load.measure_load(server, scenarios.chosen("15000-idle")[0], 9)["p99_us"] == 1304
    assert seconds == [1, 1, 1]


def test_who_does_not_take_all_idle_connections_fails(start, tmp_path, monkeypatch):
    monkeypatch.setattr(load, "ANSWER_WITHIN_S", 1)
    server = start(tmp_path, "--max-connections", "120")
    with pytest.raises(Failure, match="holds less than 200 of 250 idle connections"):
        with load.idle_connections(server.port, 250, "/absent"):
            pass
