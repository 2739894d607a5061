"""Which promises about the cost of a request a run keeps, by figures that are made up."""
import pytest

import goals
from performance_goals import GOALS, SWEPT, AtMost, decided, judge
from scenarios import SCENARIOS

SERVERS = ("aws", "nginx", "lighttpd", "h2o", "floor", "nginx-directio")
# In µs, by the order of SERVERS: each at the very limit of its tightest goals.
AT_THE_LIMIT = {
    "static-1k": (60, 100, 75, 80, 50),
    "static-10k": (70, 100, 85, 90, 50),
    "static-100k": (200, 230, 200, 210, 180),
    "static-1m": (1000, 1500, 1200, 1000, 900),
    "connection-each": (82, 100, 120, 82, 50),
    "not-found": (70, 60, 65, 70, 50),
    "not-modified": (70, 60, 65, 70, 50),
    "pipelined": (60, 100, 50, 50, 40),
    "dynamic-1k": (81, 90, 90, 90, 50),
    "dynamic-1m": (1000, 1000, 900, 900, 900, 1000),
    "15000-idle": (70, 90, 90, 90, 50),
} | {scenario.name: (80, 90) for scenario in SWEPT[1:]} | {SWEPT[0].name: (100, 90)}


def made_up(**changed):
    """A run that meets every goal, but for some aws's CPU times in it."""
    scenarios = {}
    for name, costs in AT_THE_LIMIT.items():
        costs = (changed.get(name, costs[0]), *costs[1:])
        scenarios[name] = {"run": "now", "servers": {
            server: {"cpu_us": float(cost), "p99_us": 1000.0}
            for server, cost in zip(SERVERS, costs)}}
    scenarios["15000-idle"]["servers"]["aws"]["p99_us"] = 1100.0
    scenarios["idle-memory"] = {"run": "now", "servers": {"aws": {"value": 512.0}}}
    return {"scenarios": scenarios}


def missed(result):
    return [verdict.goal for verdict in judge(result) if verdict.met is False]


def test_every_goal_is_met_at_its_limit():
    assert [verdict.met for verdict in judge(made_up())] == [True] * len(GOALS)


@pytest.mark.parametrize("scenario, cost, expected", [
    ("static-1k", 61, ["static 1 KiB: CPU time at most 0.60 × that of nginx"]),
    ("static-1k", 64, ["static 1 KiB: CPU time at most 0.60 × that of nginx",
                       "static 1 KiB: CPU time at most 0.85 × that of the best peer"]),
    ("static-10k", 71, ["static 10 KiB: CPU time at most 0.70 × that of nginx"]),
    ("static-10k", 73, ["static 10 KiB: CPU time at most 0.70 × that of nginx",
                        "static 10 KiB: CPU time at most 0.85 × that of the best peer"]),
    ("static-100k", 201, ["static 100 KiB: CPU time at most that of the best peer"]),
    ("static-100k", 208, ["static 100 KiB: CPU time at most that of the best peer",
                          "static 100 KiB: CPU time at most 1.15 × that of the floor"]),
    ("static-1m", 1001, ["static 1 MiB: CPU time at most that of the best peer"]),
    ("static-1m", 1036, ["static 1 MiB: CPU time at most that of the best peer",
                         "static 1 MiB: CPU time at most 1.15 × that of the floor"]),
    ("connection-each", 83, ["1 KiB, a connection each: CPU time at most that of h2o",
                             "1 KiB, a connection each: CPU time at most 0.82 × that of nginx"]),
    ("not-found", 71, ["404: CPU time at most that of h2o"]),
    ("not-modified", 71, ["304: CPU time at most that of h2o"]),
    ("pipelined", 61, ["1 KiB, pipelined ×16: CPU time at most 0.60 × that of nginx"]),
    ("dynamic-1k", 82, ["dynamic 1 KiB: CPU time at most 1.35 × that of aws at “static 1 KiB”"]),
    ("dynamic-1m", 1001, ["dynamic 1 MiB: CPU time at most that of nginx",
                         "dynamic 1 MiB: CPU time at most that of nginx, aio threads, directio"]),
    ("sweep-15000", 101, ["1 KiB, 10 to 15,000 connections: the dearest CPU time at most 1.25 × "
                          "the cheapest"]),
])
def test_a_goal_is_missed_above_its_limit(scenario, cost, expected):
    assert missed(made_up(**{scenario: cost})) == expected


def test_idle_connections_may_not_harm_the_latency_of_others():
    result = made_up()
    result["scenarios"]["15000-idle"]["servers"]["aws"]["p99_us"] = 1101.0
    assert missed(result) == ["1 KiB, beside 15,000 idle connections: p99 at most 1.10 × that of "
                              "aws at “static 1 KiB”"]


def test_idle_connections_may_not_take_more_memory():
    result = made_up()
    result["scenarios"]["idle-memory"]["servers"]["aws"]["value"] = 513.0
    assert missed(result) == ["memory per idle connection, bytes: at most 512"]


def test_a_verdict_tells_the_figures_and_by_how_much_a_goal_is_missed():
    of_nginx, of_best = judge(made_up(**{"static-1k": 66}))[:2]
    assert of_nginx.how == "0.66: 66.0 of 100 µs; 10.0% too much"
    assert of_best.how == "0.88: 66.0 of 75.0 µs (lighttpd); 3.5% too much"
    flat = judge(made_up())[-1]
    assert flat.how == "1.25: 100 µs at 10, 80.0 at 100; nginx: 1.00"


def test_the_best_of_fewer_peers_is_told_as_such():
    result = made_up()
    del result["scenarios"]["static-1k"]["servers"]["lighttpd"]
    verdict = judge(result)[1]
    assert verdict.met and verdict.how == "0.75: 60.0 of 80.0 µs (h2o; without lighttpd)"


def undecided(result):
    return {verdict.goal: verdict.how for verdict in judge(result) if verdict.met is None}


@pytest.mark.parametrize("server, goals_of_it", [("h2o", 3), ("floor", 2), ("aws", len(GOALS))])
def test_without_a_server_what_is_said_of_it_is_undecided(server, goals_of_it):
    result = made_up()
    for scenario in result["scenarios"].values():
        scenario["servers"].pop(server, None)
    assert len(undecided(result)) == goals_of_it
    assert all(f"{server} was not measured at “" in how for how in undecided(result).values())
    assert len(decided(result)) == len(GOALS) - goals_of_it


def test_without_any_peer_there_is_no_best_one():
    result = made_up()
    result["scenarios"]["static-1m"]["servers"] = {"aws": {"cpu_us": 1.0}, "floor": {"cpu_us": 1.0}}
    assert list(undecided(result).values()) == ["no peer was measured"]


def test_a_sweep_with_a_hole_is_not_flat():
    result = made_up()
    del result["scenarios"]["sweep-1000"]
    assert list(undecided(result).values()) == ["aws was not measured at “1,000 connections”"]


def test_others_are_told_of_a_flat_cost_and_decide_nothing():
    result = made_up()
    for scenario in SWEPT:
        result["scenarios"][scenario.name]["servers"]["floor"] = {"cpu_us": 50.0}
    result["scenarios"]["sweep-1000"]["servers"]["floor"]["cpu_us"] = 100.0
    assert judge(result)[-1].how == "1.25: 100 µs at 10, 80.0 at 100; nginx: 1.00; floor: 2.00"
    del result["scenarios"]["sweep-1000"]["servers"]["nginx"]
    assert judge(result)[-1].how == "1.25: 100 µs at 10, 80.0 at 100; floor: 2.00"


@pytest.mark.parametrize("other_run, count", [("static-1k", 2), ("static-100k", 0),
                                              ("sweep-100", 1)])
def test_figures_of_different_runs_are_not_compared(other_run, count):
    result = made_up()
    result["scenarios"][other_run]["run"] = "yesterday"
    assert list(undecided(result).values()) == ["measured in different runs"] * count


def test_nothing_measured_decides_nothing():
    assert decided({"scenarios": {}}) == []
    assert {verdict.met for verdict in judge({"scenarios": {}})} == {None}


def test_goals_are_about_servers_that_are_measured():
    servers = {scenario.name: scenario.servers for scenario in SCENARIOS}
    for goal in GOALS:
        if isinstance(goal, AtMost):
            assert "aws" in servers[goal.scenario]
            assert goal.server in (*servers[goal.at or goal.scenario], "best peer")


def test_verdicts_are_sentences_or_rows():
    met, missed_one, unknown = (goals.Verdict("quick", True, "1 µs"),
                                goals.Verdict("small", False, "2 MiB"),
                                goals.Verdict("flat", None, "no nginx"))
    assert goals.sentences([met, missed_one, unknown]) == [
        "met: quick (1 µs)", "NOT MET: small (2 MiB)", "undecided: flat (no nginx)"]
    assert goals.rows_of([missed_one]) == (["goal", "", "measured"],
                                           [["small", "NOT MET", "2 MiB"]])
