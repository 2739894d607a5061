"""Decisions depend only on the seed, the connection number, the call, and its number on the
connection; not on threads, other connections or the descriptor number."""
import pytest

from shimmed import faults, programs, python, run

PLAN = "recv:half~0.3; recv:EINTR~0.1; send:max=10~0.25; send:again~0.1"
THREADS, CALLS = 8, 300


def lines(programs, connections, plan, log=None):
    return run(programs("replay"), connections, CALLS, plan=plan, log=log).stdout.splitlines()


def test_eight_threads_meet_the_same_faults_in_every_run(programs):
    first = lines(programs, THREADS, f"{PLAN}; seed=7")
    assert len(set(first)) == THREADS, "every connection has faults of its own"
    for _ in range(5):
        assert lines(programs, THREADS, f"{PLAN}; seed=7") == first


@pytest.mark.parametrize("number", range(1, THREADS + 1))
def test_one_connection_replays_alone(programs, number):
    together = lines(programs, THREADS, f"{PLAN}; seed=7")
    alone = lines(programs, 1, f"{PLAN}; seed=7; first={number}")
    assert alone == [together[number - 1]]


def test_another_seed_is_another_run(programs):
    assert lines(programs, 1, f"{PLAN}; seed=7") != lines(programs, 1, f"{PLAN}; seed=8")


def test_the_frequency_of_chance_is_as_requested(programs, tmp_path):
    # For 9600 draws, a deviation of 300 is seven standard deviations. The seed is fixed.
    log = tmp_path / "log"
    run(programs("replay"), 16, CALLS, plan="recv,send:half~0.25; seed=1", log=log)
    given = [fault for fault in faults(log) if fault["given"] == 50]
    assert len(given) == len(faults(log)) and abs(len(given) - 16 * CALLS * 2 / 4) < 300
    assert {fault["call"] for fault in given} == {"recv", "send"}


def test_rules_draw_independently(programs):
    # If two rules for the same call drew the same, the second would never apply.
    both = lines(programs, 1, "recv:half~0.5; recv:max=10~0.5")[0].split()
    assert {"50", "10", "100"} <= set(both)


def test_calls_draw_independently(programs):
    results = lines(programs, 1, "recv,send:half~0.5")[0].split()
    received, sent = results[0::2], results[1::2]
    assert received != sent and set(received) == set(sent) == {"50", "100"}


@pytest.mark.parametrize("chance, wanted", [("0", {"100"}), ("1", {"50"})])
def test_probability_0_is_never_and_1_is_always(programs, chance, wanted):
    assert set(lines(programs, 2, f"recv,send:half~{chance}")[0].split()) == wanted


def test_the_chance_of_a_file_depends_only_on_its_name(tmp_path):
    """A file in another directory gets the same faults. A file with another name gets others."""
    script = """
        import os, sys
        fd = os.open(sys.argv[1], os.O_RDONLY)
        print(*[len(os.pread(fd, 10, 0)) for _ in range(100)])
    """
    seen = {}
    for root in ("a", "b"):
        for name in ("x", "y"):
            file = tmp_path / root / name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(bytes(10))
            seen[root, name] = python(script, file, plan="pread:one~0.5; seed=3")
    assert seen["a", "x"] == seen["b", "x"] != seen["a", "y"] == seen["b", "y"]
