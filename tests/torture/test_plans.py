"""Plans are read and written alike, and shrink to what matters."""
import pytest

import plans
from plans import Plan, Rule, Trial, parse
from shrinking import shrink

ACTIONS = {"recv": ["EIO", "half"], "read": ["EINTR"], "never": ["EIO"]}


@pytest.mark.parametrize("text", [
    "recv:ECONNRESET@3", "seed=7;send:half;recv:again%2", "read:EINTR@@4+[fd=any]",
    "sendfile:max=7", "recv:EIO~0.02", ""])
def test_a_plan_is_written_as_it_was_read(text):
    assert str(parse(text)) == text


def test_what_is_no_plan_is_refused():
    with pytest.raises(ValueError, match="recv"):
        parse("recv")


@pytest.mark.parametrize("text, harmless, persistent", [
    ("send:half", True, False), ("read:half[fd=any]", True, True),
    ("recv:EINTR@3", True, False), ("recv:EINTR@3+", True, True),
    ("send:EPIPE@1", False, False), ("accept4:EMFILE", True, True),
    ("send:half;send:EPIPE@@2", False, False), ("recv:EAGAIN@1[fd=any]", True, False)])
def test_what_a_plan_may_do_is_known(text, harmless, persistent):
    plan = parse(text)
    assert plan.is_persistent == persistent
    assert all(rule.is_harmless for rule in plan.rules) == harmless


def test_each_call_fails_until_there_is_no_such_call():
    counts = {"recv": 2, "read": 1, "never": 0}
    tried = []
    for call in ACTIONS:
        trials = plans.each_time(("s",), call, ACTIONS[call])
        trial = next(trials, None)
        while trial:
            [rule] = trial.plan.rules
            tried.append(str(rule))
            number = int("".join(filter(str.isdigit, rule.when)))
            try:
                trial = trials.send(int(number <= counts[call]))
            except StopIteration:
                trial = None
    for expected in ("recv:EIO@@1", "recv:EIO@@2", "recv:EIO@@2+", "recv:half@@2",
                     "read:EINTR@@1[fd=any]", "read:EINTR@@1+[fd=any]"):
        assert expected in tried
    assert len(tried) == 2 * 2 * 3 + 2 * 2 + 1


def test_a_seed_has_one_plan():
    trials = [plans.at_random(seed, ACTIONS, ["a", "b"]) for seed in range(100)]
    assert trials == [plans.at_random(seed, ACTIONS, ["a", "b"]) for seed in range(100)]
    assert len(set(map(str, trials))) > 80
    assert all(parse(str(trial.plan)) == trial.plan for trial in trials)
    assert all(trial.names and trial.plan.rules for trial in trials)


def test_a_failing_plan_shrinks_to_the_faults_that_matter():
    rules = [Rule("recv", "EIO", f"@{n}") for n in range(1, 12)] + [Rule("send", "EPIPE", "@@40+")]
    tried = []

    def fails(plan):
        tried.append(plan)
        numbers = {rule.when for rule in plan.rules}
        return "@7" in numbers and any(when.startswith("@@") and int(when[2:].rstrip("+")) >= 13
                                       for when in numbers)
    smallest = shrink(Plan(tuple(rules), 5), fails)
    assert str(smallest) == "seed=5;recv:EIO@7;send:EPIPE@@13"
    assert len(tried) < 100


def test_shrinking_asks_no_more_often_than_it_may():
    tried = []
    rules = tuple(Rule("recv", "EIO", f"@{n}") for n in range(1, 50))
    shrink(Plan(rules), lambda plan: tried.append(plan), budget=20)
    assert len(tried) == 20


def test_a_trial_tells_how_it_is_repeated():
    trial = Trial(("head", "404"), parse("recv:half@2"))
    assert str(trial) == "SCENARIO=head+404 PLAN='recv:half@2'"
