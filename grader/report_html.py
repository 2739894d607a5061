"""The results as one page that needs nothing else: points, and for each test what it does, what came, and how to replay.

Whatever comes from a submission is text, and is escaped: a log may hold anything.
"""
from __future__ import annotations

import re
from html import escape
from pathlib import Path

from grader.check import COURSE, EXTRA
from grader.pool import Graded
from grader.verdicts import ERROR, FAIL, FLAKY, PASS, SKIPPED, Result, sums

STYLE = Path(__file__).with_name("report.css")
VERDICTS = (PASS, FLAKY, FAIL, ERROR, SKIPPED)
LOG_LINES = 12
TITLES = {COURSE: "The course's tests", EXTRA: "Extra tests"}
NOT_HTML = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def text(value: object) -> str:
    """Escaped, and without the control characters that HTML cannot hold."""
    return escape(NOT_HTML.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def html_report(all_graded: list[Graded]) -> str:
    body = [overview(all_graded)] if len(all_graded) > 1 else []
    body += [section(number, graded) for number, graded in enumerate(all_graded)]
    title = "Grades" if len(all_graded) != 1 else f"Grade of {text(all_graded[0].submission)}"
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<title>{title}</title>\n'
            f"<style>\n{STYLE.read_text()}</style>\n</head>\n<body>\n<h1>{title}</h1>\n" + "\n".join(body)
            + "\n</body>\n</html>\n")


def overview(all_graded: list[Graded]) -> str:
    """A row for each submission, which leads to its part of the page."""
    rows = []
    for number, graded in enumerate(all_graded):
        total = sums(graded.results)
        state = "" if graded.build.get("ok") else "not built: "
        rows.append(f'<tr><td><a href="#s{number}">{text(graded.submission)}</a></td>'
                    f'<td class="number">{total["points"]} of {total["max"]}</td>'
                    f'<td class="number">{total["extra"]} of {total["extra_max"]}</td>'
                    f"<td>{state}{counts(graded.results)}</td></tr>")
    return ('<div class="scroll"><table><thead><tr><th>Submission</th><th class="number">Points</th>'
            '<th class="number">Extra</th><th>Not passed</th></tr></thead><tbody>' + "".join(rows) + "</tbody></table></div>")


def counts(results: list[Result]) -> str:
    """What did not pass, as "2 fail 1 flaky"."""
    verdicts = [result.verdict for result in results]
    return " ".join(f'<span class="{kind}">{verdicts.count(kind)} {kind}</span>' for kind in VERDICTS
                    if kind != PASS and kind in verdicts)


def section(number: int, graded: Graded) -> str:
    total = sums(graded.results)
    extra = f' <small>+ {total["extra"]} of {total["extra_max"]} extra</small>' if total["extra_max"] else ""
    parts = [f'<section id="s{number}"><div class="head"><h2>{text(graded.submission)}</h2>'
             f'<span class="points">{total["points"]} of {total["max"]} points{extra}</span></div>', bar(graded.results),
             f'<p class="meta">{build_line(graded.build)}</p>']
    if graded.build.get("problem"):
        parts.append(f'<pre>{text(chr(10).join(graded.build.get("log", [])[-20:]))}</pre>')
    for column, title in TITLES.items():
        results = [result for result in graded.results if result.column == column]
        if results:
            parts.append(f"<h3>{title}</h3><div>" + "\n".join(map(row, results)) + "</div>")
    return "\n".join(parts) + "</section>"


def bar(results: list[Result]) -> str:
    """How the verdicts divide the tests."""
    pieces = [(kind, sum(result.verdict == kind for result in results)) for kind in VERDICTS]
    label = ", ".join(f"{count} {kind}" for kind, count in pieces if count)
    fill = "".join(f'<i class="bg-{kind}" style="width:{100 * count / len(results):.2f}%"></i>'
                   for kind, count in pieces if count)
    return f'<div class="bar" role="img" aria-label="{label}" title="{label}">{fill}</div>'


def build_line(build: dict) -> str:
    if build.get("problem"):
        return f'build: {text(build["problem"])}'
    if build.get("made"):
        return f'built in {build["seconds"]} s, {build["warnings"]} warnings'
    return "a program, not built here"


def row(result: Result) -> str:
    """A test: closed if it passed, open if there is something to read."""
    is_open = " open" if result.verdict in (FAIL, ERROR, FLAKY) else ""
    facts = [("Why", text(result.why)), ("Rests on", text(result.rule))]
    if result.verdict == FLAKY or (result.evidence and not result.expected):
        facts.append(("What came", text(result.evidence)))
    if result.expected:
        facts += [("Expected", text(result.expected)), ("What came", text(result.came))]
    if result.log:
        facts.append(("Last lines", f"<pre>{text(chr(10).join(result.log[-LOG_LINES:]))}</pre>"))
    facts.append(("Replay", f"<pre>{text(result.replay)}</pre>"))
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    return (f'<details{is_open}><summary><span class="verdict {result.verdict}">{result.verdict}</span>'
            f"<span>{text(result.title)} <code>{text(result.id)}</code></span>"
            f'<span class="number">{result.points} of {result.max}</span></summary><dl>{listed}</dl></details>')
