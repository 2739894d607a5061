"""The short form of `make torture`: each call of each scenario fails once, by one errno after the
other; some random plans on all builds; memory; and that the torture would see what it looks for."""
import itertools

import pytest

import campaign
import plans
import venue
from judging import Exact
from plans import Trial, parse
from stage import SCENARIOS, Stage
from venue import BINARIES, Trouble

ROUNDS, GROWTH_KB = 40, 512
STORM = ("seed=1;recv:ECONNRESET~0.05;send:EPIPE~0.05;send:half~0.3;sendfile:EIO~0.1;"
         "openat2:EMFILE~0.05;fstat:EIO%%30;io_submit:EINVAL~0.1;completion:EIO~0.1;"
         "completion:half~0.2;accept4:ECONNABORTED~0.05;epoll_wait:EINTR~0.1")


@pytest.fixture(scope="module")
def found():
    return campaign.survey(SCENARIOS)


@pytest.fixture(scope="module")
def stage():
    with Stage(options=campaign.PLAIN) as stage:
        yield stage


def findings_of(report):
    return "\n".join(map(str, report.findings))


def by_turns(name, calls, actions):
    """Each call of the scenario fails once, for k = 1, 2, 3 and some beyond; no two scenarios
    begin with the same errno."""
    for number, call in enumerate(calls):
        turn = itertools.cycle(actions[call])
        for _ in range(number + list(SCENARIOS).index(name)):
            next(turn)
        k, step = 1, 1
        for action in turn:
            rule = plans.Rule(call, action, f"@@{k}", plans.where_of(call))
            if not (yield Trial((name,), plans.Plan((rule,)))):
                break
            k, step = k + step, step + (k > 2)


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_call_may_fail_once(name, found):
    with campaign.Worker(campaign.Setting()) as worker:
        report = worker.play_piece(by_turns(name, found.calls[name], found.actions))
    assert not report.findings, findings_of(report)
    assert report.trials > report.faults > len(found.calls[name]) // 2


@pytest.mark.parametrize("variant, options, seeds", [
    ("release", campaign.PLAIN, 40), ("release", ("--threads", "1"), 40),
    ("release", ("--threads", "4"), 30), ("asan", ("--threads", "1"), 30),
    ("tsan", ("--threads", "4"), 20)])
def test_random_plans(variant, options, seeds, found):
    if not BINARIES[variant].exists():
        pytest.skip(f"{BINARIES[variant]} is not built")
    piece = campaign.Piece("random", seeds=range(1, seeds + 1))
    with campaign.Worker(campaign.Setting(variant, options)) as worker:
        report = worker.play_piece(piece.trials(found.actions, list(found.calls)))
    assert not report.findings, findings_of(report)
    assert report.faults > report.trials == seeds


def test_memory_is_flat(stage):
    memory_kb = stage.soak(parse(STORM), ROUNDS)
    assert len(set(stage.venue.log.rules())) == len(parse(STORM).rules), "it was no storm"
    assert memory_kb[-1] - memory_kb[ROUNDS // 4] < GROWTH_KB, memory_kb


# ---- The torture itself

def test_it_plays_every_call_that_is_made(found):
    assert set(found.calls) == set(SCENARIOS)
    assert {"send", "recv", "sendfile", "accept4", "epoll_wait", "openat2", "close"} <= \
        set(found.calls["static-large"])
    assert {"io_submit", "io_getevents", "completion"} <= set(found.calls["dynamic-large"])
    assert {"EINTR", "EAGAIN", "ECONNRESET", "half", "zero"} <= set(found.actions["recv"])
    assert {"EIO", "ENOMEM", "pipe"} <= set(found.actions["sendfile"])


def test_a_wrong_byte_is_found(stage, monkeypatch):
    [ask] = SCENARIOS["static-large"].asks
    [right] = stage.right[ask]
    wrong = bytearray(right.answer)
    wrong[-1] ^= 1
    monkeypatch.setitem(stage.right.forms, ask, [Exact(bytes(wrong))])
    with pytest.raises(Trouble, match="answer 1 is wrong at byte 1200"):
        stage.run(Trial(("static-large",), parse("send:half")))


def test_an_answer_that_a_harmless_fault_cost_is_found(stage, monkeypatch):
    costly = Trial(("static-large",), parse("sendfile:EIO@1"))
    assert stage.run(costly) == 1
    monkeypatch.setitem(plans.ALSO_HARMLESS, "sendfile", {"EIO"})
    with pytest.raises(Trouble, match="1 of 1 answers did not come whole"):
        stage.run(costly)


def test_a_wedge_is_found(stage, monkeypatch):
    monkeypatch.setattr(venue, "DEADLINE_S", 0.2)
    with pytest.raises(Trouble, match="wedged"):
        stage.run(Trial(("static-large",), parse("send:delay=1000@@1")))


def test_a_descriptor_that_is_left_is_found(stage, monkeypatch):
    monkeypatch.setattr(venue, "DEADLINE_S", 2)
    monkeypatch.setattr(stage.venue, "descriptors_at_rest", stage.venue.descriptors_at_rest - 1)
    with pytest.raises(Trouble, match="descriptors became"):
        stage.run(Trial(("head",), parse("")))


def test_an_end_that_is_not_clean_is_found():
    with Stage() as stage:
        stage.venue.kill()
        with pytest.raises(Trouble, match="it does not listen"):
            stage.run(Trial(("head",), parse("")))
        with pytest.raises(Trouble, match="status -9"):
            stage.venue.close()


def test_a_failure_is_reported_with_the_smallest_plan(monkeypatch):
    monkeypatch.setitem(plans.ALSO_HARMLESS, "sendfile", {"EIO"})  # which it is not
    plan = parse("seed=9;recv:half%3;sendfile:EIO@2;send:half@1+")
    with campaign.Worker(campaign.Setting()) as worker:
        report = worker.play_piece(iter_of([Trial(("head", "static-large"), plan)]))
    [finding] = report.findings
    assert str(finding.smallest) == "SCENARIO=static-large PLAN='seed=9;sendfile:EIO@1'"
    assert "make torture VARIANT=release OPTIONS='--threads 1 --file-cache 0' " \
           "SCENARIO=static-large PLAN='seed=9;sendfile:EIO@1'" in str(finding)


def iter_of(trials):
    yield from trials


# ---- What the torture found

@pytest.mark.parametrize("name, plan", [
    # Completions that a reap left in the ring were announced to nobody.
    ("dynamic-large", "io_getevents:one"),
    ("dynamic-large", "io_getevents:one@@1"),
    # A loop whose eventfd could not be written to for a signal never heard that it should stop.
    ("static-shutdown", "write:EINTR@@1[fd=any]"),
    ("static-shutdown", "write:EINTR@@2[fd=any]"),
    # A first SIGTERM that was not read came again, as the second one, and cut running answers.
    ("static-shutdown", "read:EINTR@@1[fd=any]"),
    ("dynamic-shutdown", "read:max=7@@1[fd=any]"),
])
def test_what_was_found_once(name, plan):
    with campaign.Worker(campaign.Setting()) as worker:
        assert worker.play_all([Trial((name,), parse(plan))]) == ""
