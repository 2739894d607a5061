"""What a wait counts: the time in which the server could have gone on, and no other."""
from types import SimpleNamespace

from grader import time_limit
from grader.time_limit import LEAST_SHARE, LONGEST_TICK_S, TICK_S, TimeLimit, Timer, measured_scale

LIMIT_S = 10.0


class Machine:
    """A clock, how long the server has waited for a processor in all, and a timer that looks at both."""

    def __init__(self):
        self.now_s = self.delay_s = 0.0
        self.timer = Timer(LIMIT_S, lambda: self.delay_s, lambda: self.now_s)

    def pass_until_over(self, delay_share=0.0):
        """How many seconds pass until the limit is over, if the server waits in the run queue for a part of them."""
        while not self.timer.is_over():
            self.now_s += TICK_S
            self.delay_s += TICK_S * delay_share
        return self.now_s


def test_a_limit_is_over_when_its_time_has_passed():
    assert LIMIT_S < Machine().pass_until_over() <= LIMIT_S + 2 * TICK_S


def test_what_the_server_waits_for_a_processor_does_not_count():
    assert LIMIT_S * 4 < Machine().pass_until_over(delay_share=0.75) <= LIMIT_S * 4 + 2 * TICK_S


def test_a_server_whose_many_threads_wait_all_the_time_does_not_prolong_a_wait_for_ever():
    assert Machine().pass_until_over(delay_share=3) <= LIMIT_S / LEAST_SHARE + 2 * TICK_S


def test_a_pause_of_the_whole_machine_counts_as_one_tick():
    machine = Machine()
    machine.now_s += 1000
    assert not machine.timer.is_over()
    assert LIMIT_S - LONGEST_TICK_S < machine.pass_until_over() - 1000 <= LIMIT_S


def test_a_server_that_has_ended_does_not_shorten_a_wait():
    machine = Machine()
    machine.delay_s = 5.0
    machine.now_s += TICK_S
    assert not machine.timer.is_over()
    machine.delay_s = 0.0
    assert LIMIT_S < machine.pass_until_over()


def test_until_tells_whether_it_happened():
    happened = iter([False, False, True])
    assert TimeLimit(LIMIT_S).until(lambda: next(happened))
    assert not TimeLimit(0.0).until(lambda: False)


def test_what_happens_at_the_last_moment_has_happened():
    looks = []

    def happened():
        looks.append(None)
        return len(looks) > 2 and is_over
    is_over = False

    class Limit(TimeLimit):
        def timer(self, factor=1.0):
            class Over:
                def is_over(self):
                    nonlocal is_over
                    is_over = True
                    return True
            return Over()
    assert Limit(LIMIT_S).until(happened)


def test_the_fastest_start_is_the_measure(monkeypatch):
    durations_s = [0.9, 0.05, 0.03, 0.6, 0.2]
    readings = [reading for number, duration_s in enumerate(durations_s) for reading in (number, number + duration_s)]
    monkeypatch.setattr(time_limit, "time", SimpleNamespace(monotonic=iter(readings).__next__))
    assert round(measured_scale(["true"]), 6) == 3.0


def test_the_scale_has_bounds_and_grows_under_valgrind():
    assert measured_scale(["true"]) >= 1.0
    assert measured_scale(["sh", "-c", "sleep 0.2"]) == 8.0
    limit = TimeLimit(LIMIT_S, 2.0)
    assert limit.limit_s == 20.0 and limit.under_valgrind().limit_s == 80.0
