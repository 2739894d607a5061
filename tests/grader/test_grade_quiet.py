"""What counts as a server that does not sleep."""
import pytest
from grader.checks.quiet import busy_thread
from grader.procfs import ThreadTimes

MS = 10**6
BEFORE = {7: ThreadTimes(0, 0, 10)}


@pytest.mark.parametrize("ran, waited, switches, state, words", [
    (0, 0, 0, "S", None),
    (40, 20, 90, "S", None),  # wakes up now and then, on a busy machine
    (10, 450, 90, "R", None),  # the same, on a machine so busy that it mostly waits for its turn
    (20, 470, 0, "S", "runs for 66 %"),  # spins, on such a machine
    (2, 0, 0, "R", "never sleeps"),  # spins, and has waited for its turn all the time, which is not counted yet
    (0, 0, 3, "R", None),  # has just been woken
    (480, 10, 0, "R", "runs for 97 %"),
    (30, 900, 0, "R", "runs for 100 %"),  # a wait that began before the window is counted in it
    (200, 0, 500, "S", "runs for 40 %"),  # sleeps, but hardly ever
    (40, 400, 500, "S", "runs for 40 %"),  # the same, on a busy machine
])
def test_a_thread_that_spins_is_known_whatever_the_load(ran, waited, switches, state, words):
    after = {7: ThreadTimes(ran * MS, waited * MS, 10 + switches, state)}
    said = busy_thread(BEFORE, after, 500 * MS)
    assert said is None if words is None else words in said


def test_a_thread_that_has_just_begun_is_not_judged():
    assert busy_thread(BEFORE, {8: ThreadTimes(500 * MS, 0, 0)}, 500 * MS) is None
