"""What counts as a server that does not sleep."""
import pytest
from grader.checks.quiet import busy_thread
from grader.procfs import ThreadTimes

MS = 10**6
BEFORE = {7: ThreadTimes(0, 0, 10)}


@pytest.mark.parametrize("ran, waited, switches, words", [
    (0, 0, 0, None),
    (40, 20, 90, None),  # wakes up now and then, on a busy machine
    (20, 470, 0, "never sleeps"),  # spins, on a machine that is so busy that it hardly ever runs
    (480, 10, 0, "96 % of a processor"),
    (200, 0, 500, "40 % of a processor"),  # sleeps, but hardly ever
])
def test_a_thread_that_spins_is_known_whatever_the_load(ran, waited, switches, words):
    after = {7: ThreadTimes(ran * MS, waited * MS, 10 + switches)}
    said = busy_thread(BEFORE, after, 500 * MS)
    assert said is None if words is None else words in said


def test_a_thread_that_has_just_begun_is_not_judged():
    assert busy_thread(BEFORE, {8: ThreadTimes(500 * MS, 0, 0)}, 500 * MS) is None
