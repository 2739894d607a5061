"""Reports: everything that comes from a submission is text there, whatever it holds."""
import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from grader.pool import Graded
from grader.report_csv import csv_report
from grader.report_html import html_report
from grader.report_json import json_report
from grader.report_junit import junit_report
from grader.report_text import text_report
from grader.verdicts import Result

NASTY = "</pre><script>alert('1 & 2')</script>\x1b[31m\x00\ud800]]>\"'"


def graded(name="alice", build=None):
    rows = [Result("c01-exists", "Exists", 1, 1, "course", "pass"),
            Result("c16-small", "Small", 0, 2, "course", "fail", f"expected a; came: {NASTY}", "a", NASTY, "why", "rule", 1,
                   [NASTY], "grade alice --only c16-small"),
            Result("c17-small-same", "Same", 0, 4, "course", "skipped", "needs c16-small, which did not pass"),
            Result("x-eintr", "Stopped", 1, 1, "extra", "flaky", "1 of 2 attempts failed", "b", "c", seed=3),
            Result("x-head", "Head", 0, 1, "extra", "error", "the test itself broke")]
    return Graded(Path(name), build or {"ok": True, "made": True, "seconds": 1.5, "warnings": 2, "problem": "", "log": []}, rows)


class Tags(HTMLParser):
    """Collects the tags, and checks that each is closed."""

    def __init__(self):
        super().__init__()
        self.seen, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(params=[1, 3], ids=["one", "three"])
def all_graded(request):
    return [graded(f"student-{number}<b>") for number in range(request.param)]


def test_the_page_is_whole_needs_nothing_and_escapes_all(all_graded):
    page = html_report(all_graded)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not {"script", "b", "img", "link"} & {tag for tag, _ in tags.seen}
    assert not any("src" in attributes or attributes.get("href", "#").startswith("http") for _, attributes in tags.seen)
    assert "&lt;script&gt;alert(&#x27;1 &amp; 2&#x27;)" in page
    assert "\x1b" not in page and "\x00" not in page
    page.encode()


def test_the_page_adapts_to_light_and_dark():
    page = html_report([graded()])
    assert "color-scheme: light dark" in page and "prefers-color-scheme: dark" in page


def test_junit_is_xml_with_a_case_for_each_test(all_graded):
    root = ElementTree.fromstring(junit_report(all_graded).encode())
    suites = root.findall("testsuite")
    assert len(suites) == len(all_graded)
    for suite in suites:
        assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["5", "1", "1", "1"]
        assert "replay: grade alice --only c16-small" in suite.find("testcase/failure").text


def test_json_is_an_object_for_one_submission_and_an_array_for_several(all_graded):
    report = json.loads(json_report(all_graded))
    assert isinstance(report, list) == (len(all_graded) > 1)
    one = report[0] if isinstance(report, list) else report
    assert (one["points"], one["max"], one["extra"]) == (1, 7, 1)
    assert {"id", "title", "points", "max", "verdict", "evidence", "replay"} <= set(one["tests"][0])


def test_csv_has_a_line_for_each_submission_and_no_formulas(all_graded):
    all_graded.append(graded("=1+1"))
    lines = list(csv.reader(io.StringIO(csv_report(all_graded))))
    assert len(lines) == len(all_graded) + 1
    assert lines[0][:4] == ["submission", "points", "max", "extra"]
    assert lines[1][1:9] == ["1", "7", "1", "2", "yes", "2", "1", "1"]
    assert lines[-1][0] == "'=1+1"


def test_the_text_tells_what_did_not_pass_and_how_to_see_it_again():
    text = text_report(graded())
    assert "fail    c16-small: Small (0 of 2)\n    expected  a\n" in text
    assert "    replay    grade alice --only c16-small\n" in text
    assert text.endswith("alice: 1 of 7 points, 1 of 2 extra (1 pass, 1 fail, 1 skipped, 1 flaky, 1 error)\n")


def test_a_build_that_failed_shows_its_log():
    text = text_report(graded(build={"ok": False, "made": True, "seconds": 1, "warnings": 0, "problem": "make failed", "log": ["no such header"]}))
    assert "build: make failed\n    | no such header\n" in text
