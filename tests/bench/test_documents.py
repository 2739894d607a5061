"""Tables, and documents whose parts are written from figures."""
import shutil
import xml.etree.ElementTree as ElementTree

import pytest

import documents
import performance_report
import report
import results
import stall_report
import tables
from conftest import TOP
from scenarios import SCENARIOS, chosen
from stall_subjects import SUBJECTS

MACHINE = {"date": "2026-11-21", "processor": "a processor", "cores": 2, "memory_gib": 8.0,
           "kernel": "6.1", "file_system": "ext4", "aws": "abc", "versions": ["nginx/1.22.1"]}
LOAD = {"requests_s": 50_000.0, "cpu_us": 7.25, "mib_s": 50.0, "p50_us": 900.0, "p99_us": 1500.0,
        "memory_mib": 5.5, "failures": 0}
STALL = {f"{when}_{share}_us": 50.0 for when in ("alone", "beside")
         for share in ("p50", "p99", "p999", "max")} | {"cold_mb_s": 1500.0, "sleeps": 0,
                                                        "calls": {"epoll_wait": 1234}}


@pytest.mark.parametrize("value, shown", [(None, "–"), ("h2o", "h2o"), (0.755, "0.76"),
                                          (7.254, "7.25"), (26.44, "26.4"), (152.4, "152"),
                                          (54321.9, "54,322")])
def test_numbers_have_the_digits_that_mean_something(value, shown):
    assert tables.number(value) == shown


def test_tables_are_aligned_or_markdown():
    head, rows = ["", "a"], [["long name", 1.0], ["x", None]]
    assert tables.aligned(head, rows) == "              a\nlong name  1.00\nx             –"
    assert tables.markdown(head, rows) == ("|  | a |\n| --- | ---: |\n"
                                           "| long name | 1.00 |\n| x | – |")


def test_lost_requests_are_told_under_the_table():
    told = tables.terminal(SCENARIOS[0], {"aws": LOAD, "nginx": LOAD | {"failures": 3}})
    assert "nginx: 3 failures" in told and "aws: " not in told


def test_a_part_is_replaced_and_the_rest_is_kept():
    text = "a\n<!-- x: from the JSON -->\nold\n<!-- x: end -->\nb\n"
    replaced = documents.replace_part(text, "x", r"new \1")
    assert replaced == text.replace("old", r"new \1")
    with pytest.raises(ValueError, match="'y'"):
        documents.replace_part(text, "y", "new")


@pytest.fixture
def docs(tmp_path, monkeypatch):
    """A copy of the documents that are written."""
    for name in ("performance", "never-stall"):
        shutil.copy(TOP / f"docs/{name}.md", tmp_path)
    monkeypatch.setattr(documents, "DOCS", tmp_path)
    return tmp_path


def pictures_are_shown(docs, name):
    """Every picture is well-formed, and one that its document shows."""
    shown = (docs / f"{name}.md").read_text()
    for picture in docs.glob("*.svg"):
        ElementTree.parse(picture)
        assert f"({picture.name})" in shown


def test_the_performance_document_is_written_whole(docs):
    scenarios = {s.name: {"servers": {name: {"value": 12.5} if s.group == "single" else LOAD
                                      for name in s.servers}} for s in SCENARIOS}
    performance_report.write({"machine": MACHINE, "scenarios": scenarios})
    text = (docs / "performance.md").read_text()
    assert "Not measured" not in text
    assert "a processor" in text and "nginx/1.22.1" in text
    assert "| static 1 KiB | 7.25 | 7.25 | nginx | 1.00 | 7.25 | 1.00 |" in text
    assert "| 304: CPU time at most that of h2o | met | 1.00: 7.25 of 7.25 µs |" in text
    assert "undecided" not in text
    assert "| start to the first answer, ms | 12.5 | 12.5 | 12.5 | 12.5 |" in text
    assert (docs / "performance-connections.svg").read_text().count("<polyline") == 3
    pictures_are_shown(docs, "performance")


def test_a_document_can_be_written_from_one_scenario(docs):
    performance_report.write({"machine": MACHINE, "scenarios": {
        "static-1k": {"servers": {"aws": LOAD}}}})
    assert "| static 1 KiB | 7.25 | – |  | – | – | – |" in (docs / "performance.md").read_text()
    pictures_are_shown(docs, "performance")


def test_a_document_stays_as_it_is_when_nothing_was_measured(docs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(results, "FOLDER", tmp_path / "nowhere")
    before = (docs / "never-stall.md").read_text()
    report.write("never-stall")
    assert (docs / "never-stall.md").read_text() == before
    assert "docs/never-stall.md stays as it is" in capsys.readouterr().out


def test_the_stall_document_is_written_whole(docs):
    servers = {subject.name: STALL for subject in SUBJECTS}
    result = {"machine": MACHINE, "scenarios": {"disk": {"servers": servers}}}
    stall_report.write(result)
    text = (docs / "never-stall.md").read_text()
    assert "- met: aws /static: the loop never sleeps outside its wait (it slept 0 times)" in text
    assert "| nginx, aio threads | epoll_wait 1,234 |" in text
    assert text.count("Not measured.") == 1  # the slow disk
    pictures_are_shown(docs, "never-stall")


@pytest.mark.parametrize("wanted, names", [
    ("static-1k", ["static-1k"]),
    ("pipelined, not-*", ["not-found", "not-modified", "pipelined"]),
    ("connections-sweep", [s.name for s in SCENARIOS if s.name.startswith("sweep-")]),
    ("", [s.name for s in SCENARIOS]),
])
def test_scenarios_are_chosen_by_name_pattern_and_group(wanted, names):
    assert [scenario.name for scenario in chosen(wanted)] == names


def test_an_unknown_scenario_is_told_with_those_that_are():
    with pytest.raises(ValueError, match="no scenario is like 'static-2k'.*static-1k"):
        chosen("static-1k,static-2k")
