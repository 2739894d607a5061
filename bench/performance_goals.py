"""What aws promises about the cost of a request, held against the figures of `make bench`."""
import contextlib
from dataclasses import dataclass

from goals import Verdict
from medians import best_peer
from peers import RECIPES
from scenarios import PEERS, SCENARIOS
from tables import number

BEST_PEER = "best peer"
TITLES = {scenario.name: scenario.title for scenario in SCENARIOS}
SWEPT = tuple(scenario for scenario in SCENARIOS if scenario.group == "connections-sweep")
FIGURES = {"cpu_us": "CPU time", "p99_us": "p99"}


class Undecided(Exception):
    """A figure that a goal needs is missing, or two are of different runs."""


def figure(scenarios, scenario, server, name):
    try:
        return scenarios[scenario]["servers"][server][name]
    except KeyError:
        raise Undecided(f"{RECIPES[server].label} was not measured at "
                        f"“{TITLES[scenario]}”") from None


def require_one_run(scenarios, names):
    """Figures of different runs say little of each other: the machine may have changed."""
    if len({scenarios[name].get("run") for name in names}) > 1:
        raise Undecided("measured in different runs")


def judged(goal, value, limit, how):
    """The verdict, which tells by how much a goal was missed."""
    missed = "" if value <= limit else f"; {value / limit - 1:.1%} too much"
    return Verdict(goal, value <= limit, how + missed)


@dataclass(frozen=True)
class AtMost:
    """aws's figure is at most `limit` times that of a server, at the same scenario or another."""
    scenario: str
    limit: float
    server: str
    at: str = ""
    figure: str = "cpu_us"

    @property
    def sentence(self):
        whose = {"aws": f"of aws at “{TITLES.get(self.at)}”", "floor": "of the floor",
                 BEST_PEER: "of the best peer"}.get(self.server)
        whose = whose or f"of {RECIPES[self.server].label}"
        times = "" if self.limit == 1 else f"{self.limit:.2f} × "
        return f"{TITLES[self.scenario]}: {FIGURES[self.figure]} at most {times}that {whose}"

    def reference(self, scenarios):
        """(value, what to say of it)."""
        at = self.at or self.scenario
        if self.server != BEST_PEER:
            return figure(scenarios, at, self.server, self.figure), ""
        servers = scenarios[at]["servers"]
        best = best_peer(servers, self.figure, PEERS)
        if not best:
            raise Undecided("no peer was measured")
        missing = " and ".join(name for name in PEERS if name not in servers)
        return best[1], f" ({best[0]}{'; without ' + missing if missing else ''})"

    def verdict(self, scenarios):
        ours = figure(scenarios, self.scenario, "aws", self.figure)
        theirs, remark = self.reference(scenarios)
        if self.at:
            require_one_run(scenarios, (self.scenario, self.at))
        ratio = ours / theirs
        return judged(self.sentence, ratio, self.limit,
                      f"{ratio:.2f}: {number(ours)} of {number(theirs)} µs{remark}")


@dataclass(frozen=True)
class Within:
    """aws's own figure of a scenario is at most `limit`."""
    scenario: str
    limit: float

    @property
    def sentence(self):
        return f"{TITLES[self.scenario]}: at most {self.limit:g}"

    def verdict(self, scenarios):
        value = figure(scenarios, self.scenario, "aws", "value")
        return judged(self.sentence, value, self.limit, number(value))


@dataclass(frozen=True)
class Flat:
    """Over the sweep, the dearest request costs at most `limit` times the cheapest."""
    limit: float

    @property
    def sentence(self):
        return (f"1 KiB, {SWEPT[0].connections:,} to {SWEPT[-1].connections:,} connections: "
                f"the dearest CPU time at most {self.limit:.2f} × the cheapest")

    def spread(self, scenarios, server):
        """(ratio, how it came about) of one server."""
        costs = [(figure(scenarios, s.name, server, "cpu_us"), s.connections) for s in SWEPT]
        (low, cheapest), (high, dearest) = min(costs), max(costs)
        return high / low, f"{number(high)} µs at {dearest:,}, {number(low)} at {cheapest:,}"

    def verdict(self, scenarios):
        ratio, how = self.spread(scenarios, "aws")
        require_one_run(scenarios, [s.name for s in SWEPT])
        for server in ("nginx", "floor"):  # told for comparison, they decide nothing
            with contextlib.suppress(Undecided):
                how += f"; {server}: {self.spread(scenarios, server)[0]:.2f}"
        return judged(self.sentence, ratio, self.limit, f"{ratio:.2f}: {how}")


UNHARMED = 1.1  # two measurements of one server's p99 differ by as much
GOALS = (
    AtMost("static-1k", 0.60, "nginx"),
    AtMost("static-1k", 0.85, BEST_PEER),
    AtMost("static-10k", 0.70, "nginx"),
    AtMost("static-10k", 0.85, BEST_PEER),
    AtMost("static-100k", 1, BEST_PEER),
    AtMost("static-100k", 1.15, "floor"),
    AtMost("static-1m", 1, BEST_PEER),
    AtMost("static-1m", 1.15, "floor"),
    AtMost("connection-each", 1, "h2o"),
    AtMost("connection-each", 0.82, "nginx"),
    AtMost("not-found", 1, "h2o"),
    AtMost("not-modified", 1, "h2o"),
    AtMost("pipelined", 0.60, "nginx"),
    AtMost("dynamic-1k", 1.35, "aws", at="static-1k"),
    AtMost("dynamic-1m", 1, "nginx"),
    AtMost("dynamic-1m", 1, "nginx-directio"),
    AtMost("15000-idle", UNHARMED, "aws", at="static-1k", figure="p99_us"),
    Within("idle-memory", 512),
    Flat(1.25),
)


def judge(result):
    """A verdict on every goal."""
    found = []
    for goal in GOALS:
        try:
            found.append(goal.verdict(result["scenarios"]))
        except Undecided as missing:
            found.append(Verdict(goal.sentence, None, str(missing)))
    return found


def decided(result):
    return [verdict for verdict in judge(result) if verdict.met is not None]
