"""A line with points: one figure from commit to commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from markupsafe import Markup

from farm.web.plots.markup import element, figure, label, line, number, said
from farm.web.plots.scales import Scale, linear, logarithmic

WIDTH, HEIGHT = 360.0, 124.0
#: Room around the plot for what the axes say.
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 10.0, 10.0, 22.0
_RADIUS = 3.0


class Mark(StrEnum):
    """The shape of a point."""

    DOT = "dot"
    #: Known from elsewhere: a figure that was not taken here.
    RING = "ring"
    #: A bad result.
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class Point:
    """One figure, ``None`` where there is none; ``note`` is what pointing at it shows."""

    label: str
    value: float | None
    note: str = ""
    mark: Mark = Mark.DOT


def line_plot(points: Sequence[Point], *, title: str, unit: str = "", log: bool = False) -> Markup:
    """``points`` from left to right, joined where no figure is missing between them."""
    make = logarithmic if log else linear
    values = [point.value for point in points if point.value is not None]
    scale = make(values, HEIGHT - _BOTTOM, _TOP)
    places = _places(len(points))
    shown = [(x, point) for x, point in zip(places, points, strict=True) if point.value is not None]
    return figure(
        WIDTH,
        HEIGHT,
        title,
        _description(points, unit),
        *_axes(scale, points),
        *_lines(places, points, scale),
        *(_mark(x, scale.place(point.value or 0.0), point) for x, point in shown),
    )


def _places(count: int) -> list[float]:
    if count < 2:
        return [(_LEFT + WIDTH - _RIGHT) / 2] * count
    first, last = _LEFT + 2 * _RADIUS, WIDTH - _RIGHT - _RADIUS
    return [first + (last - first) * n / (count - 1) for n in range(count)]


def _axes(scale: Scale, points: Sequence[Point]) -> Iterator[Markup]:
    for tick in scale.ticks:
        yield line(_LEFT, tick.place, WIDTH - _RIGHT, tick.place, "grid")
        yield label(tick.label, _LEFT - 5, tick.place + 4, "end")
    if points:
        half, y = (WIDTH - _LEFT - _RIGHT) / 2, HEIGHT - 5
        yield label(points[0].label, _LEFT, y, room=half)
        if len(points) > 1:
            yield label(points[-1].label, WIDTH - _RIGHT, y, "end", room=half)


def _lines(places: Sequence[float], points: Sequence[Point], scale: Scale) -> Iterator[Markup]:
    for known, run in groupby(zip(places, points, strict=True), key=lambda pair: pair[1].value is not None):
        corners = [f"{number(x)},{number(scale.place(p.value))}" for x, p in run if p.value is not None]
        if known and len(corners) > 1:
            yield element("polyline", class_="line", points=" ".join(corners), fill="none", stroke="currentColor")


def _mark(x: float, y: float, point: Point) -> Markup:
    note = [element("title", point.note)] if point.note else []
    if point.mark is Mark.CROSS:
        a, b = x - _RADIUS, x + _RADIUS
        c, d = y - _RADIUS, y + _RADIUS
        path = f"M{number(a)} {number(c)}L{number(b)} {number(d)}M{number(a)} {number(d)}L{number(b)} {number(c)}"
        return element("path", *note, class_="cross", d=path, stroke="currentColor", stroke_width=2, fill="none")
    fill = "none" if point.mark is Mark.RING else "currentColor"
    return element("circle", *note, class_=point.mark.value, cx=x, cy=y, r=_RADIUS, stroke="currentColor", fill=fill)


def _description(points: Sequence[Point], unit: str) -> str:
    known = [(point.label, point.value) for point in points if point.value is not None]
    if not known:
        return "no figures"
    values = [value for _, value in known]
    after = f" {unit}" if unit else ""
    if len(known) == 1:
        return f"{said(values[0])}{after} at {known[0][0]}"
    return (
        f"{len(known)} figures from {said(values[0])}{after} at {known[0][0]} to {said(values[-1])}{after} at {known[-1][0]}, "
        f"the least {said(min(values))}, the most {said(max(values))}"
    )
