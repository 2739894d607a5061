"""The pictures are well-formed, and what they show stands where its value says."""
import xml.etree.ElementTree as ElementTree

import pytest

import charts
from svg import COLOURS, LinearScale, LogScale, short

SVG = "{http://www.w3.org/2000/svg}"


def circles(svg):
    """Centres of the first series' marks, from left to right as they were drawn."""
    root = ElementTree.fromstring(svg)
    return [(float(mark.get("cx")), float(mark.get("cy"))) for mark in root.iter(SVG + "circle")]


def test_equal_ratios_are_equal_distances():
    scale = LogScale([1, 100], 0, 200)
    assert scale(10) - scale(1) == pytest.approx(scale(100) - scale(10))
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks())
    assert scale.ticks() == pytest.approx([1, 2, 5, 10, 20, 50, 100])


def test_a_wide_logarithmic_axis_shows_powers_alone():
    assert LogScale([1, 1e6], 0, 1).ticks() == pytest.approx([10.0 ** n for n in range(7)])


@pytest.mark.parametrize("most", [0, 0.4, 7, 9.99, 10, 12_345])
def test_a_linear_axis_begins_at_0_and_holds_everything(most):
    scale = LinearScale([most], 100, 0)
    assert scale(0) == 100 and scale.high > most and 0 <= scale(most) <= 100
    assert scale.ticks()[0] == 0 and 3 <= len(scale.ticks()) <= 12


def test_numbers_on_an_axis_are_short():
    assert [short(value) for value in (0.5, 2.0, 1000.0, 15_000)] == ["0.5", "2", "1,000", "15,000"]


def test_a_dot_is_further_right_the_more_it_stands_for():
    svg = charts.dot_chart("Cost", "µs", [("small", {"aws": 5}), ("large", {"aws": 50}),
                                          ("unmeasured", {})], [(0, "aws")])
    legend, small, large = circles(svg)
    assert small[0] < large[0] and small[1] < large[1] and legend[1] < small[1]


def test_a_hollow_series_is_drawn_without_filling():
    svg = charts.dot_chart("T", "µs", [("row", {"p50|hollow": 1, "p50": 2})],
                           [(0, "p50|hollow"), (0, "p50")])
    fills = [mark.get("fill") for mark in ElementTree.fromstring(svg).iter(SVG + "circle")]
    assert fills == ["none", COLOURS[0]] + [COLOURS[0], "none"]
    assert "|hollow" not in svg


def test_a_line_goes_through_its_points_in_order():
    svg = charts.line_chart("T", "x", "y", {"aws": [(1000, 5), (10, 4)]}, [(0, "aws")])
    legend, first, second = circles(svg)
    assert first[0] < second[0] and first[1] > second[1]


@pytest.mark.parametrize("draw", [
    lambda series: charts.dot_chart("T", "µs", [("row", {"aws": 5, "nginx": 5})], series),
    lambda series: charts.line_chart("T", "x", "y", {"aws": [(1, 5)], "nginx": [(1, 5)]}, series)])
def test_who_is_named_first_lies_on_top(draw):
    svg = draw([(0, "aws"), (1, "nginx")])
    assert svg.rindex(COLOURS[0]) > svg.rindex(COLOURS[1])


def test_words_are_escaped_and_pictures_say_what_they_are():
    svg = charts.dot_chart('a < b & "c"', "µs", [("x < y", {"s": 1})], [(0, "s")])
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == 'a < b & "c"' and root.get("role") == "img"
    assert "prefers-color-scheme: dark" in svg


@pytest.mark.parametrize("draw", [lambda: charts.dot_chart("T", "µs", [], []),
                                  lambda: charts.line_chart("T", "x", "y", {}, [])])
def test_nothing_measured_is_a_picture_too(draw):
    ElementTree.fromstring(draw())
