"""From attempts to verdicts: only what fails each time costs points."""
import pytest
from grader.check import ALL
from grader.verdicts import Attempt, Result, judge, skip, sums, unmet

CHECK = ALL["x-eintr"]


def play(*problems):
    """A test whose attempts end as given: "" is a success, "!" breaks the test itself."""
    seeds = []

    def attempt(_setting, _check, seed):
        problem = problems[len(seeds)]
        seeds.append(seed)
        return Attempt(seed, problem, expected=problem, came=problem, is_error=problem == "!", log=[problem])
    return judge(None, CHECK, 3, 7, attempt), seeds


def test_a_success_is_played_once():
    result, seeds = play("")
    assert (result.verdict, result.points, seeds) == ("pass", 3, [7])
    assert result.evidence == ""


def test_what_fails_three_times_fails_and_tells_of_the_first_time():
    result, seeds = play("a", "b", "c")
    assert (result.verdict, result.points, result.max, seeds) == ("fail", 0, 3, [7, 8, 9])
    assert (result.evidence, result.seed, result.log) == ("a", 7, ["a"])


@pytest.mark.parametrize("problems", [("a", ""), ("a", "b", "")])
def test_what_wavers_keeps_its_points_and_names_the_seed(problems):
    result, _ = play(*problems)
    assert (result.verdict, result.points, result.seed) == ("flaky", 3, 7)
    assert f"{len(problems) - 1} of {len(problems)} attempts failed, first with seed 7" in result.evidence


def test_a_test_that_breaks_each_time_is_an_error():
    assert play("!", "!", "!")[0].verdict == "error"
    assert play("!", "a", "!")[0].verdict == "fail"
    assert play("!", "a", "!")[0].evidence == "a"
    assert play("!", "")[0].verdict == "flaky"


def test_a_row_is_skipped_if_a_row_that_it_needs_did_not_pass():
    def result(verdict):
        return {"c17-small-same": Result("c17-small-same", "", 0, 4, "course", verdict)}
    assert unmet(CHECK, {}) is None
    assert unmet(CHECK, result("pass")) is None
    assert unmet(CHECK, result("flaky")) is None
    assert unmet(CHECK, result("fail")) == unmet(CHECK, result("skipped")) == "c17-small-same"
    either = {"c13-replies": Result("c13-replies", "", 0, 2, "course", "fail"), **result("pass")}
    assert unmet(ALL["c16-small"], either) == "c13-replies or c14-replies-1.1"
    assert unmet(ALL["c16-small"], {**either, "c14-replies-1.1": Result("c14-replies-1.1", "", 1, 1, "course", "pass")}) is None
    skipped = skip(CHECK, 2, "c17-small-same")
    assert (skipped.points, skipped.max, skipped.verdict) == (0, 2, "skipped")
    assert skipped.evidence == "needs c17-small-same, which did not pass"


def test_columns_are_summed_apart():
    rows = [Result("a", "", 2, 4, "course", "fail"), Result("b", "", 1, 1, "course", "pass"), Result("c", "", 3, 5, "extra", "pass")]
    assert sums(rows) == {"points": 3, "max": 5, "extra": 3, "extra_max": 5}
