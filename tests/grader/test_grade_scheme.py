"""Schemes: what is played, and what it is worth."""
from pathlib import Path

import pytest
from grader import toml_subset
from grader.check import ALL, COURSE, EXTRA
from grader.errors import BadCommandLine
from grader.scheme import Row, choose, default_scheme, load_scheme

TOP = Path(__file__).resolve().parents[2]
SCHEMES = sorted((TOP / "grader/schemes").glob("*.toml"))


def test_the_course_has_35_tests_and_90_points():
    course = [check for check in ALL.values() if check.column == COURSE]
    assert len([check for check in course if not check.memcheck]) == 35
    assert len([check for check in course if check.memcheck]) == 13
    assert sum(check.points for check in course) == 90


def test_each_row_says_why_it_matters_and_what_it_rests_on():
    for check in ALL.values():
        assert len(check.title) > 5 and len(check.why) > 20 and len(check.rule) > 5, check.id
        assert all(id in ALL for needed in check.needs for id in needed.split("|")), check.id


def test_what_a_row_needs_is_played_before_it():
    order = [row.id for row in default_scheme()]
    for place, id in enumerate(order):
        assert all(order.index(one) < place for needed in ALL[id].needs for one in needed.split("|")), id


def test_the_course_s_scheme_is_the_default():
    assert load_scheme(TOP / "grader/schemes/course.toml") == default_scheme()


@pytest.mark.parametrize("path", SCHEMES, ids=lambda path: path.name)
def test_the_subset_reads_schemes_as_tomllib_does(path):
    tomllib = pytest.importorskip("tomllib")
    assert toml_subset.loads(path.read_text()) == tomllib.loads(path.read_text())


def test_the_subset_reads_comments_and_values():
    text = '# a comment\ntitle = "points # and more" # why\n[points]\n"c01-exists" = 3 # three\nb-2 = true\n\n[extra]\nc = -1\n'
    assert toml_subset.loads(text) == {"title": "points # and more", "points": {"c01-exists": 3, "b-2": True}, "extra": {"c": -1}}


@pytest.mark.parametrize("text", ["a = 01", "a = 1.5", "a = [1]", "a", "[a", "a = 1\na = 2", "[a]\n[a]", "a = 'x'", 'a = "x\\n"'])
def test_the_subset_refuses_the_rest_and_names_the_line(text):
    with pytest.raises(ValueError, match="line [12]:"):
        toml_subset.loads(text)


def write(tmp_path, text):
    path = tmp_path / "scheme.toml"
    path.write_text(text)
    return path


def test_a_scheme_gives_points_and_columns_and_leaves_out_the_rest(tmp_path):
    path = write(tmp_path, '[points]\n"x-eintr" = 5\n"c01-exists" = 2\n[extra]\n"c02-runs" = 1\n')
    assert load_scheme(path) == [Row("c01-exists", 2, COURSE), Row("c02-runs", 1, EXTRA), Row("x-eintr", 5, COURSE)]


@pytest.mark.parametrize("text, words", [
    ('[points]\n"x-none" = 1', "no test is called x-none"),
    ('[points]\n"x-eintr" = -1', "must be a whole number, 0 or more"),
    ('[points]\n"x-eintr" = true', "must be a whole number, 0 or more"),
    ('[points]\n"x-eintr" = 1\n[extra]\n"x-eintr" = 1', r"is in \[points\] and in \[extra\]"),
    ("[grades]\na = 1", r"no table \[grades\] is known"),
])
def test_a_wrong_scheme_is_told(tmp_path, text, words):
    with pytest.raises(BadCommandLine, match=words):
        load_scheme(write(tmp_path, text))


def test_only_takes_patterns_commas_and_tests_outside_the_scheme():
    rows = [Row("c01-exists", 7, COURSE)]
    assert choose(rows, None) == rows
    assert choose(rows, ["c01-exists,c02-*"]) == [Row("c01-exists", 7, COURSE), Row("c02-runs", 1, COURSE)]


def test_the_manual_names_each_test_with_its_title():
    manual = (TOP / "docs/grading.md").read_text()
    for check in ALL.values():
        if not check.memcheck:
            assert any(f"`{check.id}`" in line and check.title in line for line in manual.splitlines()), check.id
