"""Horizontal bars by the logarithm of a figure, one below the other: layers with their errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from farm.web.plots.markup import element, figure, label, line, said
from farm.web.plots.scales import logarithmic

WIDTH = 640.0
_SIDE, _TOP, _BOTTOM = 10.0, 6.0, 24.0
#: Of one bar with the line of letters above it, and of the bar alone.
_ROW, _BAR = 28.0, 8.0
#: Room for a figure at the end of a line of letters.
_FIGURE = 90.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure and what it is of; ``note`` is what pointing at it shows, ``marked`` one that the plot is about."""

    label: str
    value: float
    note: str = ""
    marked: bool = False


def bar_plot(bars: Sequence[Bar], *, title: str, limit: float | None = None) -> Markup:
    """``bars`` from top to bottom; with ``limit``, a line where figures begin to be too large."""
    values = [bar.value for bar in bars] + ([limit] if limit is not None else [])
    scale = logarithmic(values, _SIDE, WIDTH - _SIDE)
    bottom = _TOP + _ROW * len(bars)
    inside: list[Markup] = []
    for place, tick in enumerate(ticks := scale.ticks):
        anchor = "start" if place == 0 else "end" if place == len(ticks) - 1 else "middle"
        inside += [
            line(tick.place, _TOP, tick.place, bottom, "grid"),
            label(tick.label, tick.place, bottom + 16, anchor),
        ]
    for place, bar in enumerate(bars):
        inside += _row(bar, _TOP + _ROW * place, scale.place(bar.value))
    if limit is not None:
        inside.append(line(scale.place(limit), _TOP, scale.place(limit), bottom, "limit"))
    return figure(WIDTH, bottom + _BOTTOM, title, _description(bars, limit), *inside)


def _row(bar: Bar, top: float, end: float) -> Iterator[Markup]:
    yield label(bar.label, _SIDE, top + 12, room=WIDTH - 2 * _SIDE - _FIGURE)
    yield label(said(bar.value) + (" ◂" if bar.marked else ""), WIDTH - _SIDE, top + 12, "end")
    yield element(
        "rect",
        element("title", bar.note or bar.label),
        class_="marked" if bar.marked else "bar",
        x=_SIDE,
        y=top + 16,
        width=max(end - _SIDE, 1.0),  # a figure of zero is there too
        height=_BAR,
        fill="currentColor",
        stroke="currentColor",
        fill_opacity=1.0 if bar.marked else 0.4,
    )


def _description(bars: Sequence[Bar], limit: float | None) -> str:
    texts = [f"{bar.label} {said(bar.value)}" + (" (marked)" if bar.marked else "") for bar in bars]
    texts += [f"limit {said(limit)}"] if limit is not None else []
    return "; ".join(texts) or "no figures"
