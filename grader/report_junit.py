"""The results as JUnit XML, as CI systems read it: a suite for each submission."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from grader.pool import Graded
from grader.verdicts import ERROR, FAIL, FLAKY, SKIPPED, Result

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """XML 1.0 has no way to write control characters."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def details(result: Result) -> str:
    return "\n".join([result.evidence, f"why: {result.why}", f"rule: {result.rule}", f"replay: {result.replay}",
                      *result.log])


def add_case(suite: ElementTree.Element, graded: Graded, result: Result) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=clean(str(graded.submission)), name=result.id)
    if result.verdict in (FAIL, ERROR):
        child = ElementTree.SubElement(case, "failure" if result.verdict == FAIL else "error",
                                       message=clean(result.evidence[:300]))
        child.text = clean(details(result))
    elif result.verdict == SKIPPED:
        ElementTree.SubElement(case, "skipped", message=clean(result.evidence))
    elif result.verdict == FLAKY:
        ElementTree.SubElement(case, "system-out").text = clean(f"flaky: {details(result)}")


def junit_report(all_graded: list[Graded]) -> str:
    root = ElementTree.Element("testsuites")
    for graded in all_graded:
        def count(verdict: str) -> str:
            return str(sum(result.verdict == verdict for result in graded.results))
        suite = ElementTree.SubElement(root, "testsuite", name=clean(str(graded.submission)),
                                       tests=str(len(graded.results)), failures=count(FAIL), errors=count(ERROR),
                                       skipped=count(SKIPPED))
        for result in graded.results:
            add_case(suite, graded, result)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
