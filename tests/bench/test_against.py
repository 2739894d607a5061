"""Two builds of aws, compared pair by pair."""
import os
import shutil
from itertools import count

import pytest

import against
import peers
from conftest import AWS
from servers import running


@pytest.mark.parametrize("above, below, expected", [
    (10, 0, "MORE than the other"), (9, 1, "MORE than the other"), (8, 2, "no difference seen"),
    (0, 10, "less than the other"), (1, 9, "less than the other"), (2, 8, "no difference seen"),
    (5, 0, "no difference seen"), (6, 0, "MORE than the other"), (5, 5, "no difference seen")])
def test_a_difference_is_claimed_when_hardly_any_pair_contradicts_it(above, below, expected):
    assert against.opinion([1.02] * above + [0.97] * below) == expected


def test_equal_figures_are_no_difference():
    assert against.chance([1.0] * 10) == 1
    assert against.opinion([1.0] * 10) == "no difference seen"


def test_chance_is_that_of_coins():
    assert against.chance([2.0] * 10) == pytest.approx(2 / 1024)
    assert against.chance([2.0] * 9 + [0.5]) == pytest.approx(22 / 1024)


def test_each_round_is_a_pair_in_either_order():
    orders, figures = [], count(1)

    def take(names):
        orders.append(names)
        return {name: next(figures) for name in names}
    assert against.pairs(2, take) == [(1, 2), (4, 3), (5, 6), (8, 7)]
    assert orders == [("aws", "aws-other"), ("aws-other", "aws")] * 2


def test_a_pair_of_which_one_failed_does_not_count():
    answers = iter([{"aws": 1}, {"aws": 3, "aws-other": 2}])
    assert against.pairs(1, lambda names: next(answers)) == [(3, 2)]


def test_a_row_has_medians_and_the_range_of_the_ratios():
    assert against.row("1 KiB", [(5.0, 10.0), (8.0, 8.0), (6.0, 8.0)]) == [
        "1 KiB", 6.0, 8.0, 0.75, 0.5, 1.0, "no difference seen"]


@pytest.fixture
def other(tmp_path, monkeypatch):
    """The path of a second aws that has become a server of its own."""
    monkeypatch.setattr(peers, "RECIPES", dict(peers.RECIPES))
    binary = tmp_path / "before"
    shutil.copy(AWS, binary)
    peers.add_other_aws(os.path.relpath(binary))
    return binary


def test_the_other_is_the_program_that_was_named(other, tmp_path):
    with running(against.NAMES, tmp_path) as servers:
        programs = [os.readlink(f"/proc/{server.pid}/exe") for server in servers]
    assert programs == [str(AWS), str(other)]
