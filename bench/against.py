"""Has a change made aws slower? This tree's beside another build, pair by pair.

Whatever disturbs the machine disturbs both halves of a pair, so their ratios agree where the
figures themselves do not. Both are started anew for each pair, since a process keeps the luck that
it had with its memory, and each round is a pair in one order and one in the other.
"""
from math import comb
from statistics import median

NAMES = ("aws", "aws-other")
HEAD = ["", "aws", "other", "aws / other", "least", "most", ""]
BY_CHANCE = 0.05  # a difference that chance gives more often is none


def chance(ratios):
    """How likely coins are to fall on one side as often as the ratios do (the sign test)."""
    above, below = sum(ratio > 1 for ratio in ratios), sum(ratio < 1 for ratio in ratios)
    coins = above + below
    return min(1, 2 * sum(comb(coins, k) for k in range(min(above, below) + 1)) / 2 ** coins)


def opinion(ratios):
    """What the ratios of aws to the other say of aws."""
    if chance(ratios) > BY_CHANCE:
        return "no difference seen"
    return "less than the other" if median(ratios) < 1 else "MORE than the other"


def pairs(rounds, take):
    """(this aws's figure, the other's) for every pair of which both were measured.

    `take` measures both, starting with the first of the names that it is given: {name: figure}.
    """
    taken = [take(order) for _ in range(rounds) for order in (NAMES, NAMES[::-1])]
    return [tuple(figures[name] for name in NAMES) for figures in taken
            if len(figures) == len(NAMES)]


def row(title, of_pairs):
    """A row of the table, for pairs of this aws's figure and the other's."""
    ratios = [ours / theirs for ours, theirs in of_pairs]
    return [title, median(ours for ours, _ in of_pairs), median(theirs for _, theirs in of_pairs),
            median(ratios), min(ratios), max(ratios), opinion(ratios)]
