"""Every plan in the documents is valid, and the documents contain every call and action."""
import re
import shutil
import subprocess

import pytest

from shimmed import TOP, run

GUIDE = TOP / "docs/fault-injection.md"
MANUAL = TOP / "docs/sockop_preload.7"
README = TOP / "README.md"


def plans():
    """Returns the plans in SOCKOP='…' and in the second column of the ten recipes."""
    texts = [path.read_text().replace("\\(aq", "'").replace("\\(ti", "~")
             for path in (GUIDE, MANUAL, README)]
    found = [plan for text in texts for plan in re.findall(r"SOCKOP='([^'…]*)'", text)]
    recipes = re.findall(r"^\| \d+ \| (.*?) \| ", texts[0], re.MULTILINE)
    assert len(recipes) == 10
    return found + [plan for cell in recipes for plan in re.findall(r"`([^`]*)`", cell)]


@pytest.mark.parametrize("plan", plans())
def test_every_plan_in_the_documents_is_valid(plan):
    assert run("true", plan=plan).stderr == ""


def test_the_guide_shows_the_default_plan():
    plan, = re.findall(r'kUsualPlan\[\] = "(.*)"', (TOP / "preload/start.c").read_text())
    assert f"Not set: `{plan}`" in GUIDE.read_text()


def test_every_call_and_action_is_in_both_documents():
    plan = TOP / "preload/plan"
    calls = re.findall(r'^    \[k\w+\] =\s*\{"(\w+)"', (plan / "calls.c").read_text(), re.M)
    actions = re.findall(r'^    \{"(\w+)", k', (plan / "action.c").read_text(), re.M)
    assert len(calls) == 35 and len(actions) >= 10
    for document in (GUIDE, MANUAL):
        words = set(re.findall(r"\w+", document.read_text()))
        assert set(calls) <= words, set(calls) - words
        assert set(actions) <= words, set(actions) - words


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_the_manual_page_is_well_formed():
    done = subprocess.run(["man", "--warnings", "-l", MANUAL], capture_output=True, text=True,
                          timeout=60,
                          env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "SOCKOP='plan' LD_PRELOAD=sockop_preload.so program" in done.stdout
