"""Many trials, on all cores: each k-th call's failures in turn, or plans at random.

The work is cut into pieces, each played on one server that is audited at the end of the piece. If
it left something, the piece is played again in halves until the trial is found that did.
"""
import contextlib
import itertools
import multiprocessing.util
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from typing import NamedTuple

import plans
import shrinking
import venue
from plans import Trial
from stage import SCENARIOS, Stage
from venue import Trouble

PROGRESS_S = 20  # between two lines that say how far it is
# One loop, which does everything again for each request, so that calls can be counted.
PLAIN = ("--threads", "1", "--file-cache", "0")
OF_THE_AUDIT = {"openat"}  # which looks at /proc/self/fd at the end
PIECE = 50  # random plans a server
CONFIRMATIONS = 3  # a failure that needs luck gets so many chances to show while it is made smaller
SHRINKING_DEADLINE_S = 4


class Setting(NamedTuple):
    variant: str = "release"
    options: tuple = PLAIN  # of the server

    def __str__(self):
        return f"VARIANT={self.variant} OPTIONS='{' '.join(self.options)}'"


class Finding(NamedTuple):
    trial: Trial
    smallest: Trial
    problem: str
    setting: Setting

    def __str__(self):
        lines = [f"FAILED: {self.problem}"]
        if self.trial.plan.seed is not None:
            lines.append(f"  seed:   {self.trial.plan.seed}")
        lines += [f"  plan:   {self.trial}",
                  f"  replay: make torture {self.setting} {self.smallest}"]
        return "\n".join(lines)


class Report(NamedTuple):
    """What a piece came to."""
    trials: int = 0
    faults: int = 0
    findings: tuple = ()

    def __add__(self, other):
        return Report(*(mine + theirs for mine, theirs in zip(self, other)))


class Worker:
    """Plays pieces; owns a stage, and takes it down at the end of its `with`."""

    def __init__(self, setting):
        self.setting = setting
        self.stage = Stage(setting.variant, setting.options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stage.close()

    def play(self, trial):
        """(faults, problem); after a problem faults is None, and there is another server."""
        try:
            return self.stage.run(trial), ""
        except Trouble as trouble:
            self.stage.renew(kill=True)
            return None, str(trouble)

    def audit(self):
        """Ends the server; returns what is wrong with what it leaves. There is another one then."""
        try:
            self.stage.renew()
        except Trouble as trouble:
            return str(trouble)
        return ""

    def play_all(self, trials):
        """One after the other, then the audit; the first problem, or ""."""
        for trial in trials:
            if problem := self.play(trial)[1]:
                return problem
        return self.audit()

    def play_piece(self, trials):
        """`trials` is a generator that is sent the number of faults of each."""
        played, report, faults = [], Report(), None
        with contextlib.suppress(StopIteration):
            while True:
                trial = trials.send(faults)
                faults, problem = self.play(trial)
                report += Report(1, faults or 0)
                if problem:
                    report += Report(findings=(self.finding(trial, problem),))
                    played = []
                else:
                    played.append(trial)
        if problem := self.audit():
            report += Report(findings=(self.culprit(played, problem),))
        return report

    def culprit(self, trials, problem):
        """Which of the trials had the server leave something."""
        while len(trials) > 1:
            half = trials[:len(trials) // 2]
            trials = half if self.play_all(half) else trials[len(trials) // 2:]
        return self.finding(trials[0], problem)

    def finding(self, trial, problem):
        return Finding(trial, self.smallest(trial), problem, self.setting)

    def smallest(self, trial):
        def fails(plan, names):
            tries = (self.play_all([Trial(names, plan)]) for _ in range(CONFIRMATIONS))
            return any(tries)
        patient, venue.DEADLINE_S = venue.DEADLINE_S, SHRINKING_DEADLINE_S
        try:
            names = next(((name,) for name in trial.names if fails(trial.plan, (name,))),
                         trial.names)
            plan = shrinking.shrink(trial.plan, lambda plan: fails(plan, names))
        finally:
            venue.DEADLINE_S = patient
        return Trial(names, plan)


# ---- Pieces of work, and who does them

class Piece(NamedTuple):
    """Either all that can happen to a call in a scenario, or the plans of some seeds."""
    label: str
    call: str = ""
    seeds: range = range(0)

    def trials(self, actions, names):
        if self.call:
            yield from plans.each_time((self.label,), self.call, actions[self.call])
            return
        for seed in self.seeds:
            yield random_trial(seed, actions, names)


def random_trial(seed, actions, names):
    """Who ends the server plays alone, and with the calls that may fail then."""
    trial = plans.at_random(seed, actions, names)
    ending = [name for name in trial.names if SCENARIOS[name].ends_server]
    if not ending:
        return trial
    rules = tuple(rule for rule in trial.plan.rules if rule.call not in OF_THE_AUDIT)
    return Trial((ending[0],), trial.plan._replace(rules=rules))


class Survey(NamedTuple):
    """What can be tried."""
    calls: dict  # scenario → the calls that it has the server make
    actions: dict  # call → what can happen to it


def survey(names):
    """Plays each scenario once, without faults, and looks what calls are made."""
    calls = {}
    with Stage(options=PLAIN) as stage:
        control = stage.venue.control
        for name in names:
            if not SCENARIOS[name].ends_server:
                before = control.calls_seen()
                SCENARIOS[name].play(stage.venue)
                stage.venue.check_descriptors()
                after = control.calls_seen()
                calls[name] = [call for call in after if after[call] > before.get(call, 0)]
        # The loops are told by write to stop, and audited when they have.
        to_end = [call for call in (*control.calls_seen(), "write") if call not in OF_THE_AUDIT]
        calls |= {name: to_end for name in names if SCENARIOS[name].ends_server}
        every = sorted(set().union(*calls.values(), {"io_getevents", "completion"}))
        return Survey(calls, control.actions(every))


def every_call(found):
    return (Piece(name, call) for name, calls in found.calls.items() for call in calls)


def some_seeds(seeds):
    return (Piece("random", seeds=seeds[begin:begin + PIECE])
            for begin in range(0, len(seeds), PIECE))


_worker = None


def _begin(setting):
    global _worker
    _worker = Worker(setting)
    multiprocessing.util.Finalize(None, _worker.stage.close, exitpriority=1)


def _play(piece, found):
    names = list(found.calls)
    return piece.label, _worker.play_piece(piece.trials(found.actions, names))


def run(pieces, found, setting, jobs, deadline=None):
    """Plays the pieces, until the deadline (time.monotonic()); returns label → Report."""
    reports, tell_at = {}, time.monotonic() + PROGRESS_S
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(setting,)) as pool:
        waiting = iter(pieces)
        running = {pool.submit(_play, piece, found) for piece in itertools.islice(waiting, jobs)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for one in done:
                label, report = one.result()
                reports[label] = reports.get(label, Report()) + report
                for finding in report.findings:
                    print(finding, flush=True)
                if time.monotonic() > tell_at:
                    tell_at += PROGRESS_S
                    trials = sum(report.trials for report in reports.values())
                    print(f"… {label}, {trials} trials", flush=True)
                if deadline is None or time.monotonic() < deadline:
                    running |= {pool.submit(_play, piece, found)
                                for piece in itertools.islice(waiting, 1)}
    return reports
