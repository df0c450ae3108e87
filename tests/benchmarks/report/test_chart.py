"""Charts are well-formed, and a bar is as long as its value."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.report.chart import LABEL, VALUE, WIDTH, Bar, chart
from benchmarks.report.topics import BY_NAME

SVG = "{http://www.w3.org/2000/svg}"
positive = st.floats(1e-4, 1e6)
labels = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"), max_size=20)


def boxes(svg: str) -> list[tuple[float, float]]:
    """Left edge and width of each bar; the first rectangle is the ground, and keys of a legend are 10 wide and high."""
    found = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [(float(r.get("x", 0)), float(r.get("width", 0))) for r in found if r.get("height") == "14"]


@given(st.lists(st.tuples(labels, positive), min_size=1, max_size=8), st.booleans())
def test_any_values_make_a_document_with_bars_within_it(rows: list[tuple[str, float]], ratio: bool) -> None:
    bars = [Bar(label, (("x", value),)) for label, value in rows]
    found = boxes(chart("<&>", "ms", bars, ratio=ratio))
    assert len(found) == len(bars)
    assert all(left >= LABEL - 0.1 and left + width <= WIDTH - VALUE + 0.1 for left, width in found)


def test_parts_follow_one_another_and_are_named() -> None:
    svg = chart("t", "s", [Bar("a", (("plan", 1.0), ("replay", 3.0))), Bar("b", (("plan", 2.0), ("replay", 0.0)))])
    (plan, replay, half, nothing) = boxes(svg)
    assert math.isclose(plan[0] + plan[1], replay[0], abs_tol=0.2)
    assert math.isclose(replay[1], 3 * plan[1], abs_tol=0.3)
    assert math.isclose(half[1], 2 * plan[1], abs_tol=0.2)
    assert nothing[1] == 0
    assert ">plan<" in svg
    assert ">replay<" in svg


def test_the_names_of_all_parts_of_a_farm_are_within_the_chart() -> None:
    (whole,) = [table for table in BY_NAME["farm"].tables if table.name == "farm-whole"]
    svg = chart("t", "s", whole.drawn({"rows": [{"what": "whole", "wire": "local"} | dict.fromkeys(whole.bars, 1.0)]}))
    *_, last = ElementTree.fromstring(svg).iter(f"{SVG}text")
    assert last.text is not None
    assert float(last.get("x", 0)) + 7 * len(last.text) < WIDTH


def test_a_ratio_is_drawn_from_one_to_either_side() -> None:
    quicker, slower = boxes(chart("t", "ratio", [Bar("a", (("ratio", 0.5),)), Bar("b", (("ratio", 2.0),))], ratio=True))
    assert math.isclose(quicker[0] + quicker[1], slower[0], abs_tol=0.2)
    assert math.isclose(quicker[1], slower[1], abs_tol=0.2)


def test_what_cannot_be_drawn_is_left_out() -> None:
    bars = [Bar("a", (("ratio", math.inf),)), Bar("b", (("ratio", math.nan),)), Bar("c", (("ratio", 0.0),))]
    assert boxes(chart("t", "ratio", bars, ratio=True)) == []
    assert len(boxes(chart("t", "ms", bars))) == 1
