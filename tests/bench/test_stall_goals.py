"""Which promises about cold files a run keeps."""
import pytest

import stall_goals


def stall_figures(**changed):
    return {"alone_p999_us": 100.0, "beside_p999_us": 200.0, "cold_mb_s": 1000.0, "sleeps": 0,
            **changed}


def verdicts(ours, **others):
    return [met for _, met, _ in stall_goals.judge({"aws-static": ours, **others})]


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
    told = stall_goals.judge({"aws-static": stall_figures(), "nginx-sendfile": {"cold_mb_s": 1.0},
                        "plain-static": {"cold_mb_s": 2000.0}})
    assert told[-1][1] is False and "0.50 times" in told[-1][2]


def test_what_was_not_counted_is_not_judged():
    uncounted = stall_figures()
    del uncounted["sleeps"]
    assert len(verdicts(uncounted)) == 1
