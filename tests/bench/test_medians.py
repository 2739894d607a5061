"""From rounds to figures, and from figures to ratios."""
from medians import best_peer, compare, medians, ratio


def test_each_figure_has_its_own_median():
    rounds = [{"a": 3, "b": 10}, {"a": 1, "b": 30}, {"a": 2, "b": 20}]
    assert medians(rounds) == {"a": 2, "b": 20}
    assert medians(rounds[:2]) == {"a": 2, "b": 20}


def test_a_failure_in_one_round_is_not_lost():
    assert medians([{"failures": 3}, {"failures": 0}, {"failures": 0}]) == {"failures": 3}


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
