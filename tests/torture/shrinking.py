"""The fewest faults that still fail."""
import re


def without(rules, begin, end):
    return rules[:begin] + rules[end:]


def smaller_rules(rule):
    """Rules that say less than this one, the least first."""
    for number in re.findall(r"\d+", rule.when):
        for smaller in sorted({1, int(number) // 2, int(number) - 1} - {0, int(number)}):
            yield rule._replace(when=rule.when.replace(number, str(smaller), 1))
    if rule.when.endswith("+"):
        yield rule._replace(when=rule.when[:-1])


def shrink(plan, fails, budget=200):
    """A plan that still `fails(plan)`, of which no rule can be left out nor number made smaller.

    Asks at most `budget` times. Rules go in halves first, then one by one.
    """
    tries = 0

    def still_fails(rules):
        nonlocal tries
        tries += 1
        return tries <= budget and fails(plan._replace(rules=rules))

    rules = plan.rules
    size = max(1, len(rules) // 2)
    while size:
        begin = 0
        while begin < len(rules):
            fewer = without(rules, begin, begin + size)
            if fewer and still_fails(fewer):
                rules = fewer
            else:
                begin += size
        size //= 2
    number = 0
    while number < len(rules):
        for rule in smaller_rules(rules[number]):
            changed = rules[:number] + (rule,) + rules[number + 1:]
            if still_fails(changed):
                rules = changed
                break
        else:
            number += 1
    return plan._replace(rules=rules)
