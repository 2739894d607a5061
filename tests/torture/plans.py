"""Plans of faults: what can be planned, each k-th call's failures in turn, and plans at random.

The grammar is the shim's (docs/fault-injection.md): `recv:ECONNRESET@3;send:half`. A rule here is
kept as its parts, so that a plan can be made smaller.
"""
import itertools
import random
import re
from typing import NamedTuple

# What a program overcomes on its own, whatever the call: nobody may notice.
HARMLESS = {"half", "one", "max", "rate", "delay", "short", "fewer", "again"}
# Calls whose every failure must go unnoticed: they are made again, or nothing hangs on them.
TRIED_AGAIN = {"accept4", "epoll_wait", "io_getevents", "poll", "read", "close", "setsockopt"}
ALSO_HARMLESS = {
    "send": {"EINTR", "EAGAIN"}, "recv": {"EINTR", "EAGAIN"}, "sendfile": {"EINTR", "EAGAIN"},
    "io_submit": {"EAGAIN"}, "openat2": {"EINTR", "EAGAIN", "ENOSYS", "EPERM"},
    "openat": {"EINTR"}, "write": {"EINTR"},
}
STATUSES_OF_FILES = (403, 404, 500, 503)


class Rule(NamedTuple):
    call: str
    action: str
    when: str = ""
    where: str = ""

    def __str__(self):
        return "".join(self[0:1]) + ":" + "".join(self[1:])

    @property
    def is_harmless(self):
        word = self.action.split("=")[0]
        return (word in HARMLESS or self.call in TRIED_AGAIN or
                word in ALSO_HARMLESS.get(self.call, ()))

    @property
    def is_persistent(self):
        """Whether it may go on for ever, so that what it hits gets through late, or never. (Halves
        do get through, but of the eight bytes that an eventfd has.)"""
        always_gets_through = self.action == "half" and self.call != "read"
        return not always_gets_through and not re.fullmatch(r"@@?\d+", self.when)

    @property
    def statuses(self):
        """Which errors' pages it may have the server send."""
        if self.call in ("openat2", "openat", "fstat"):
            return STATUSES_OF_FILES
        return (400,) if self.call == "recv" and self.action == "zero" else ()


class Plan(NamedTuple):
    rules: tuple
    seed: int | None = None

    def __str__(self):
        seed = [] if self.seed is None else [f"seed={self.seed}"]
        return ";".join([*seed, *map(str, self.rules)])

    @property
    def is_persistent(self):
        return any(rule.is_persistent for rule in self.rules)


class Trial(NamedTuple):
    """What is tried: scenarios, by name, played at the same time under a plan."""
    names: tuple
    plan: Plan

    def __str__(self):
        return f"SCENARIO={'+'.join(self.names)} PLAN='{self.plan}'"


def parse_rule(text):
    match = re.fullmatch(r"([a-z0-9_*]+):(\w+(?:=\d+)?)([^\[]*)(\[.*\])?", text)
    if match is None:
        raise ValueError(f"no rule: {text}")
    return Rule(match[1], match[2], match[3], match[4] or "")


def parse(text):
    seed = re.match(r"seed=(\d+);?", text)
    items = filter(None, text[seed.end() if seed else 0:].split(";"))
    return Plan(tuple(map(parse_rule, items)), int(seed[1]) if seed else None)


def each_time(names, call, actions):
    """Trials in which the k-th such call meets each action, once and from then on, for every k: a
    generator that is sent how many faults the trial before gave, or None if it went wrong."""
    for action in actions:
        for when in ("@@{}", "@@{}+"):
            for number in itertools.count(1):
                rule = Rule(call, action, when.format(number), where_of(call))
                faults = yield Trial(names, Plan((rule,)))
                if faults == 0 and number == 1:
                    return  # there is no such call here
                if not faults:
                    break


def at_random(seed, actions, names):
    """The trial that belongs to the seed: some scenarios at once, and one to five rules."""
    choose = random.Random(seed)
    together = choose.choice((1, 1, 2, 3))
    rules = []
    for _ in range(choose.choice((1, 1, 2, 2, 3, 4, 5))):
        call = choose.choice(sorted(actions))
        when = choose.choice(("@{n}", "@{n}", "@@{n}", "@@{n}", "@{n}+", "@@{n}+", "%{n}", "~{p}",
                              ""))
        number = choose.choice((1, 2, 3, choose.randint(1, 10), choose.randint(1, 50)))
        chance = choose.choice((0.02, 0.1, 0.5))
        rules.append(Rule(call, choose.choice(actions[call]), when.format(n=number, p=chance),
                          where_of(call)))
    return Trial(tuple(choose.choice(names) for _ in range(together)), Plan(tuple(rules), seed))


def where_of(call):
    """The shim leaves other descriptors than sockets and files alone, unless it is told otherwise:
    read and write are about the eventfds here."""
    return "[fd=any]" if call in ("read", "write") else ""
