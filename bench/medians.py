"""From rounds to figures: medians of what was measured, and how one server compares with others."""
from statistics import median


def medians(rounds):
    """Each figure's median over the rounds, which are dictionaries with the same keys. But failures
    are summed: the median would hide those of two rounds in five."""
    found = {key: median(figures[key] for figures in rounds) for key in rounds[0]}
    if "failures" in found:
        found["failures"] = sum(figures["failures"] for figures in rounds)
    return found


def best_peer(servers, figure, names, lowest=True):
    """(name, value) of the best of `names` among measured `servers`; None if none was measured."""
    measured = [(name, servers[name][figure]) for name in names if name in servers]
    if not measured:
        return None
    choose = min if lowest else max
    return choose(measured, key=lambda pair: pair[1])


def ratio(value, reference):
    """value / reference; None where there is nothing to compare with."""
    return value / reference if reference else None


def compare(servers, peers, figure="cpu_us"):
    """aws beside the best peer and the floor: their figures, and the ratios (below 1: aws less)."""
    if "aws" not in servers:
        return {}
    ours = servers["aws"][figure]
    found = {"aws": ours}
    if best := best_peer(servers, figure, peers):
        found |= {"peer": best[0], "best": best[1], "to_peer": ratio(ours, best[1])}
    if "floor" in servers and figure in servers["floor"]:
        floor = servers["floor"][figure]
        found |= {"floor": floor, "to_floor": ratio(ours, floor)}
    return found
