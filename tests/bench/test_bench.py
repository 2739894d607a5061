"""How `make bench` goes about it: who takes turns when, and how long it takes."""
import argparse
import contextlib
import re

import pytest

import bench
import results
import scenarios
from conftest import TOP
from servers import Failure

ONE = scenarios.SCENARIOS[0]


class Server:
    """What measure() needs to know of one."""

    def __init__(self, name):
        self.name = name


@pytest.fixture
def turns(monkeypatch):
    """The names of the servers in the order in which they are measured; "broken" fails."""
    order = []

    def take(server, _scenario, _seconds):
        order.append(server.name)
        if server.name == "broken":
            raise Failure("it is broken")
        return {"cpu_us": len(order)}
    monkeypatch.setattr(bench, "running", lambda names, *_, **__: contextlib.nullcontext(
        [Server(name) for name in names]))
    monkeypatch.setattr(bench, "warm_up", lambda server, scenario: None)
    monkeypatch.setitem(bench.MEASURES, "load", take)
    return order


def test_servers_take_turns(turns):
    taken = bench.measure(ONE, ["aws", "nginx"], 2, 1)
    assert turns == ["aws", "nginx", "aws", "nginx"]
    assert taken == {"aws": [{"cpu_us": 1}, {"cpu_us": 3}], "nginx": [{"cpu_us": 2}, {"cpu_us": 4}]}


def test_who_fails_is_told_and_left_out(turns, capsys):
    assert list(bench.measure(ONE, ["broken", "aws"], 2, 1)) == ["aws"]
    assert turns == ["broken", "aws", "aws"]
    assert "static-1k: broken: it is broken" in capsys.readouterr().err


LOAD = {"requests_s": 9.0, "cpu_us": 10.0, "mib_s": 1.0, "p50_us": 1.0, "p99_us": 1.0,
        "memory_mib": 1.0, "failures": 0, "value": 1.0}


@pytest.fixture
def a_run(monkeypatch, tmp_path):
    """a_run(scenarios) measures them all alike beside h2o, which need not be installed; its documents
    are written to a list."""
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(bench.machine.peers, "version", lambda name: f"{name} 1.0")
    monkeypatch.setattr(bench.machine, "commit", lambda: "abc")
    monkeypatch.setattr(bench, "measure", lambda *_: {"aws": [LOAD] * 2, "h2o": [LOAD] * 2})
    written = []
    monkeypatch.setattr(bench.performance_report, "write", written.append)

    def run(wanted, rounds=bench.ROUNDS, seconds=bench.SECONDS):
        plan = [(scenario, ["aws", "h2o"]) for scenario in scenarios.chosen(wanted)]
        bench.beside_peers(plan, ["aws", "h2o"],
                           argparse.Namespace(scenario=wanted, rounds=rounds, seconds=seconds))
        return written
    return run


def test_a_run_tells_the_goals_that_its_own_figures_decide(a_run, capsys):
    a_run("not-found")
    assert "met: 404: CPU time at most that of h2o (1.00: 10.0 of 10.0 µs)" in (
        capsys.readouterr().out.splitlines())
    a_run("not-modified")
    told = capsys.readouterr().out
    assert "met: 304: " in told and "404" not in told and "undecided" not in told


def test_figures_of_earlier_runs_are_kept_with_their_time_and_build(a_run, monkeypatch):
    for moment, wanted in (("monday", "not-*"), ("friday", "not-modified")):
        monkeypatch.setattr(bench.time, "strftime", lambda *_, moment=moment: moment)
        monkeypatch.setattr(bench.machine, "commit", lambda moment=moment: f"{moment}'s aws")
        a_run(wanted)
    result = results.load("performance")
    kept = result["scenarios"]
    assert {name: kept[name]["run"] for name in kept} == {"not-found": "monday",
                                                          "not-modified": "friday"}
    assert "; aws friday's aws and monday's aws; " in (
        bench.machine.sentence(result["machine"], kept))
    assert kept["not-found"]["servers"]["aws"] == LOAD


@pytest.mark.parametrize("wanted, times", [("not-found,not-modified", 0), ("", 1)])
def test_the_document_is_written_by_a_whole_run_alone(a_run, wanted, times):
    assert len(a_run(wanted)) == times


@pytest.mark.parametrize("shorter", [{"rounds": bench.ROUNDS - 1}, {"seconds": bench.SECONDS - 1}])
def test_a_look_at_everything_writes_no_document(a_run, shorter):
    assert a_run("", **shorter) == []


@pytest.mark.parametrize("measured, complete", [({"aws": [LOAD]}, True), ({"h2o": [LOAD]}, False)])
def test_a_run_without_aws_is_not_complete(a_run, monkeypatch, measured, complete):
    monkeypatch.setattr(bench, "measure", lambda *_: measured)
    plan = [(ONE, list(measured))]
    options = argparse.Namespace(scenario="static-1k", rounds=1, seconds=1)
    assert bench.beside_peers(plan, list(measured), options) is complete


@pytest.mark.parametrize("measured, complete", [
    ({"aws": [LOAD], "aws-other": [LOAD]}, True), ({"aws": [LOAD]}, False)])
def test_a_comparison_without_a_pair_is_not_complete(monkeypatch, measured, complete):
    monkeypatch.setattr(bench, "measure", lambda *_: measured)
    options = argparse.Namespace(rounds=1, seconds=1)
    assert bench.beside_other_aws([(ONE, ())], options) is complete


def usual(name):
    """The value that make/bench.mk gives a variable that is not set."""
    return int(re.search(rf"^{name} \?= (\d+)$", (TOP / "make/bench.mk").read_text(),
                         re.MULTILINE).group(1))


def planned(plan, rounds, seconds, against=""):
    return bench.planned_seconds([(scenario, scenario.servers) for scenario in plan],
                                 argparse.Namespace(rounds=rounds, seconds=seconds,
                                                    against=against))


def test_a_whole_run_takes_less_than_half_an_hour():
    rounds, seconds = usual("ROUNDS"), usual("BENCH_SECONDS")
    assert (rounds, seconds) == (bench.ROUNDS, bench.SECONDS)
    assert rounds >= 5
    assert planned(scenarios.SCENARIOS, rounds, seconds) < 28 * 60


def test_rounds_warm_ups_and_crowds_take_their_time():
    assert planned([ONE], 5, 2) == 5 * (1 + 5 * 2)
    assert planned(scenarios.chosen("8000-connections"), 5, 2) == 5 * (1 + 5 * (2 + 4))
    assert planned(scenarios.chosen("15000-idle"), 2, 9) == 5 * (1 + 2 * (3 * 1 + 2.5))
    assert planned(scenarios.chosen("start-up"), 5, 2) == 4 * 5
    assert planned([ONE], 5, 2, against="aws") == 5 * 10 * (1 + 2)
