"""From rounds to figures, and from figures to ratios and verdicts."""
import pytest

import goals
from medians import best_peer, compare, medians, ratio


def test_each_figure_has_its_own_median():
    rounds = [{"a": 3, "b": 10}, {"a": 1, "b": 30}, {"a": 2, "b": 20}]
    assert medians(rounds) == {"a": 2, "b": 20}
    assert medians(rounds[:2]) == {"a": 2, "b": 20}


SERVERS = {"aws": {"cpu_us": 6.0}, "nginx": {"cpu_us": 9.0}, "h2o": {"cpu_us": 8.0},
           "floor": {"cpu_us": 5.0}}


def test_the_best_peer_is_the_cheapest_of_those_measured():
    assert best_peer(SERVERS, "cpu_us", ["nginx", "lighttpd", "h2o"]) == ("h2o", 8.0)
    assert best_peer(SERVERS, "cpu_us", ["nginx", "h2o"], lowest=False) == ("nginx", 9.0)
    assert best_peer(SERVERS, "cpu_us", ["lighttpd"]) is None


def test_aws_is_compared_with_the_best_peer_and_with_the_floor():
    assert compare(SERVERS, ["nginx", "h2o"]) == {
        "aws": 6.0, "peer": "h2o", "best": 8.0, "to_peer": 0.75, "floor": 5.0, "to_floor": 1.2}


def test_without_peers_floor_or_aws_there_is_less_to_compare():
    assert compare({"aws": SERVERS["aws"]}, ["nginx"]) == {"aws": 6.0}
    assert compare({"nginx": SERVERS["nginx"]}, ["nginx"]) == {}
    assert ratio(1, 0) is None


def stall_figures(**changed):
    return {"alone_p999_us": 100.0, "beside_p999_us": 200.0, "cold_mb_s": 1000.0, "sleeps": 0,
            **changed}


def verdicts(ours, **others):
    return [met for _, met, _ in goals.judge({"aws-static": ours, **others})]


def test_goals_are_met_at_their_limits():
    naive = {"cold_mb_s": 1000.0}
    ours = stall_figures(cold_mb_s=980.0)
    assert verdicts(ours, **{"nginx-sendfile": naive}) == [True, True, True]


@pytest.mark.parametrize("changed, expected", [
    ({"sleeps": 1}, [False, True, True]),
    ({"beside_p999_us": 201.0}, [True, False, True]),
    ({"cold_mb_s": 979.0}, [True, True, False]),
])
def test_each_goal_is_missed_on_its_own(changed, expected):
    naive = {"cold_mb_s": 1000.0}
    assert verdicts(stall_figures(**changed), **{"nginx-sendfile": naive}) == expected


def test_our_own_naive_engine_is_preferred_as_the_measure():
    told = goals.judge({"aws-static": stall_figures(), "nginx-sendfile": {"cold_mb_s": 1.0},
                        "plain-static": {"cold_mb_s": 2000.0}})
    assert told[-1][1] is False and "0.50 times" in told[-1][2]


def test_what_was_not_counted_is_not_judged():
    uncounted = stall_figures()
    del uncounted["sleeps"]
    assert len(verdicts(uncounted)) == 1
