"""A stage for trials: scenarios are played under a plan, and all that must hold is looked at."""
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import plans
from judging import ErrorPage, judge
from scenes import RightAnswers, all_scenarios, make_files
from venue import Trouble, Venue

SCENARIOS = all_scenarios()


class Stage:
    """A folder of files, the right answers about them, and one server after the other."""

    def __init__(self, variant="release", options=()):
        self.folder = tempfile.TemporaryDirectory(prefix="torture-")
        root = Path(self.folder.name) / "root"
        make_files(root)
        self.venue = Venue(root, Path(self.folder.name), variant, options)
        self.venue.open()
        self.right = RightAnswers(self.venue, root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.venue.kill()
        self.folder.cleanup()

    def renew(self, kill=False):
        """Another server. The one that was is audited, unless it is killed."""
        try:
            self.venue.kill() if kill else self.venue.close()
        finally:
            self.venue.open()

    def run(self, trial):
        """Returns how many faults were given. Raises Trouble if anything is wrong; then the server
        should not be used any more."""
        venue = self.venue
        venue.begin(trial.plan)
        played = [SCENARIOS[name] for name in trial.names]
        with ThreadPoolExecutor(len(played)) as pool:
            talks = sum(pool.map(lambda scenario: scenario.play(venue), played), [])
        if any(scenario.ends_server for scenario in played):
            venue.check_end()
        else:
            venue.lift()
            venue.check()
        fired = venue.log.rules()  # all of them, now that the server is done with all of it
        for talk in talks:
            self.judge(talk, fired)
        if venue.ended:
            venue.open()
        return len(fired)

    def soak(self, plan, rounds):
        """Plays all scenarios again and again under one plan that lets them get on; returns what
        memory the server held after each round."""
        memory_kb = []
        self.venue.begin(plan, lasts=True)
        for _ in range(rounds):
            for scenario in SCENARIOS.values():
                if not scenario.ends_server:
                    scenario.play(self.venue)
            memory_kb.append(self.venue.memory_kb())
        self.venue.lift()
        self.venue.check()
        return memory_kb

    def judge(self, talk, fired):
        rules = [plans.parse_rule(rule) for rule in set(fired)]
        statuses = {status for rule in rules for status in rule.statuses}
        judgement = judge(talk.received, [
            [*self.right[ask], ErrorPage(statuses, ask.has_body)] for ask in talk.asks])
        if judgement.problem:
            raise Trouble(judgement.problem)
        missing = len(talk.asks) - judgement.right
        if missing and not talk.left and all(rule.is_harmless for rule in rules):
            raise Trouble(f"{missing} of {len(talk.asks)} answers did not come whole, though all "
                          f"that failed was {fired[:3]}: {len(talk.received)} bytes came")
