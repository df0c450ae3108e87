"""Columns side by side: how many a day, and how many of them came to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from farm.web.plots.markup import element, figure, label, line
from farm.web.plots.scales import linear

WIDTH, HEIGHT = 640.0, 140.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 10.0, 10.0, 22.0


@dataclass(frozen=True, slots=True)
class Column:
    """A number of things, and how many more there were that are drawn as an outline above them."""

    label: str
    solid: int
    outlined: int = 0


def column_plot(columns: Sequence[Column], *, title: str, solid: str, outlined: str) -> Markup:
    """``columns`` from left to right; ``solid`` and ``outlined`` are what the two parts are called."""
    scale = linear([float(c.solid + c.outlined) for c in columns], HEIGHT - _BOTTOM, _TOP)
    inside: list[Markup] = []
    for tick in scale.ticks:
        inside.append(line(_LEFT, tick.place, WIDTH - _RIGHT, tick.place, "grid"))
        inside.append(label(tick.label, _LEFT - 5, tick.place + 4, "end"))
    room = (WIDTH - _LEFT - _RIGHT) / max(len(columns), 1)
    for place, column in enumerate(columns):
        note = f"{column.label}: {column.solid} {solid}, {column.outlined} {outlined}"
        foot = HEIGHT - _BOTTOM
        middle = min(scale.place(column.solid), foot - 1) if column.solid else foot  # one of a thousand shows, too
        top = min(scale.place(column.solid + column.outlined), middle - 1) if column.outlined else middle
        x, width = _LEFT + place * room + room * 0.15, room * 0.7
        inside += _part(note, "solid", x, middle, width, foot - middle, 0.6)
        inside += _part(note, "outlined", x, top, width, middle - top, 0.0)
    if columns:
        half, y = (WIDTH - _LEFT - _RIGHT) / 2, HEIGHT - 5
        inside.append(label(columns[0].label, _LEFT, y, room=half))
        if len(columns) > 1:
            inside.append(label(columns[-1].label, WIDTH - _RIGHT, y, "end", room=half))
    return figure(WIDTH, HEIGHT, title, _description(columns, solid, outlined), *inside)


def _part(note: str, kind: str, x: float, y: float, width: float, height: float, opacity: float) -> Iterator[Markup]:
    if height > 0:
        yield element(
            "rect",
            element("title", note),
            class_=kind,
            x=x,
            y=y,
            width=width,
            height=height,
            fill="currentColor",
            stroke="currentColor",
            fill_opacity=opacity,
        )


def _description(columns: Sequence[Column], solid: str, outlined: str) -> str:
    texts = [
        f"{c.label}: {c.solid} {solid}" + (f", {c.outlined} {outlined}" if c.outlined else "")
        for c in columns
        if c.solid or c.outlined
    ]
    return "; ".join(texts) or "none"
