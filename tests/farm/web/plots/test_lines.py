from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from farm.web.plots import Mark, Point, line_plot
from tests.farm.web.plots.drawn import SVG, figures, of_class, parsed, said, texts

points = st.builds(Point, texts, st.none() | figures, texts, st.sampled_from(Mark))


@given(st.lists(points, max_size=8), texts, texts, st.booleans())
def test_whatever_it_is_given_it_draws(given_points: list[Point], title: str, unit: str, log: bool) -> None:
    root = parsed(line_plot(given_points, title=title, unit=unit, log=log))
    drawn = sum(len(of_class(root, mark)) for mark in Mark)
    assert drawn == sum(point.value is not None for point in given_points)


def test_points_are_joined_but_over_gaps() -> None:
    values = (1.0, 2.0, None, 3.0, None, 4.0, 5.0, 6.0)
    root = parsed(line_plot([Point(f"c{n}", value) for n, value in enumerate(values)], title="latency"))
    assert [len(item.attrib["points"].split()) for item in of_class(root, "line")] == [2, 3]
    assert len(of_class(root, "dot")) == 6


def test_time_goes_to_the_right_and_figures_go_up() -> None:
    root = parsed(line_plot([Point("old", 1e-6), Point("new", 1e-3)], title="error", log=True))
    first, last = of_class(root, "dot")
    assert float(first.attrib["cx"]) < float(last.attrib["cx"])
    assert float(first.attrib["cy"]) > float(last.attrib["cy"])
    assert said(root)[-2:] == ["old", "new"]


def test_marks_differ_by_their_shape() -> None:
    marked = [Point("a", 1.0, mark=Mark.DOT), Point("b", 1.0, mark=Mark.RING), Point("c", 1.0, "bad", Mark.CROSS)]
    root = parsed(line_plot(marked, title="t"))
    (dot,), (ring,), (cross,) = (of_class(root, mark) for mark in Mark)
    assert (dot.attrib["fill"], ring.attrib["fill"], cross.tag) == ("currentColor", "none", f"{SVG}path")
    assert cross.findtext(f"{SVG}title") == "bad"


def test_the_text_alternative_tells_what_the_line_does() -> None:
    root = parsed(
        line_plot([Point("a", 2.0), Point("b", 9.0), Point("c", None), Point("d", 4.0)], title="latency", unit="ms")
    )
    assert root.attrib["aria-label"] == ("latency: 3 figures from 2 ms at a to 4 ms at d, the least 2, the most 9")
    assert parsed(line_plot([Point("a", 2.0)], title="t", unit="ms")).attrib["aria-label"] == "t: 2 ms at a"
    assert parsed(line_plot([], title="t")).attrib["aria-label"] == "t: no figures"


def test_what_is_no_number_stands_at_the_top() -> None:
    root = parsed(line_plot([Point("a", 1.0), Point("b", math.nan), Point("c", math.inf)], title="t"))
    heights = [float(item.attrib["cy"]) for item in of_class(root, "dot")]
    assert heights[1] == heights[2] == min(heights)


def test_labels_are_text_and_not_markup() -> None:
    hostile = "<script>alert(1)</script>"
    svg = line_plot([Point(hostile, 1.0, hostile), Point("b", 2.0)], title=hostile)
    assert "<script" not in svg
    assert said(parsed(svg))[-2].startswith("<script>")


def test_a_label_that_is_too_long_keeps_both_ends() -> None:
    root = parsed(line_plot([Point("a" * 40 + "z" * 40, 1.0), Point("b", 2.0)], title="t"))
    shown = said(root)[-2]
    assert (shown[:3], shown[-3:]) == ("aaa", "zzz")
    assert "…" in shown
    assert len(shown) < 30
