"""A chart of a table: horizontal bars as SVG, by hand, without a library.

Ratios are drawn from a line at 1, to the left where ours is quicker, on an axis of powers of ten; quantities from 0 on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LABEL, VALUE, ROW, BAR, TOP = 760, 300, 70, 22, 14, 46
INK, FAINT = "#333333", "#999999"
#: Distinguishable by those who see no red or green.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#555555")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: parts that follow one another, by name; a ratio has one."""

    label: str
    parts: tuple[tuple[str, float], ...]

    @property
    def value(self) -> float:
        return sum(value for _, value in self.parts)


def chart(title: str, unit: str, bars: Sequence[Bar], *, ratio: bool = False) -> str:
    """The SVG document; bars whose value is not a number that can be drawn are left out of it."""
    drawn = [bar for bar in bars if math.isfinite(bar.value) and (bar.value > 0 if ratio else bar.value >= 0)]
    names = list(dict.fromkeys(name for bar in drawn for name, _ in bar.parts))
    height = TOP + ROW * len(drawn) + (ROW if len(names) > 1 else 0) + 12
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="12" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="8" y="18" font-size="14" font-weight="bold">{escape(title)}</text>',
        f'<text x="8" y="36" fill="{FAINT}">{escape(unit)}</text>',
    ]
    place = _ratio_place(drawn) if ratio else _place(drawn)
    lines += _rows(drawn, names, place, 1.0 if ratio else 0.0)
    if len(names) > 1:
        lines += _legend(names, TOP + ROW * len(drawn) + 14)
    return "\n".join([*lines, "</svg>", ""])


class _Scale:
    """From a value to a place across the width."""

    def __init__(self, low: float, high: float, *, powers: bool) -> None:
        self._low, self._span, self._powers = low, (high - low) or 1.0, powers

    def __call__(self, value: float) -> float:
        at = math.log10(value) if self._powers else value
        return LABEL + (WIDTH - LABEL - VALUE) * (at - self._low) / self._span


def _place(bars: Sequence[Bar]) -> _Scale:
    return _Scale(0.0, max((bar.value for bar in bars), default=1.0), powers=False)


def _ratio_place(bars: Sequence[Bar]) -> _Scale:
    """With 1 within, and something on either side of it."""
    powers = [math.log10(bar.value) for bar in bars]
    return _Scale(min([-0.3, *powers]), max([0.3, *powers]), powers=True)


def _rows(bars: Sequence[Bar], names: Sequence[str], place: _Scale, origin: float) -> list[str]:
    zero, bottom = place(origin), TOP + ROW * len(bars)
    lines = [f'<line x1="{zero:.1f}" y1="{TOP - 4}" x2="{zero:.1f}" y2="{bottom}" stroke="{FAINT}"/>']
    for number, bar in enumerate(bars):
        y = TOP + ROW * number
        lines.append(f'<text x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(bar.label)}</text>')
        reached = origin if origin else 0.0
        for name, value in bar.parts:
            begin, end = (place(origin), place(value)) if origin else (place(reached), place(reached + value))
            reached += value
            colour = COLOURS[names.index(name) % len(COLOURS)]
            lines.append(
                f'<rect x="{min(begin, end):.1f}" y="{y}" width="{abs(end - begin):.1f}" height="{BAR}" fill="{colour}"/>'
            )
        right = max(zero, place(bar.value))
        lines.append(f'<text x="{right + 5:.1f}" y="{y + 12}">{bar.value:.3g}</text>')
    return lines


def _legend(names: Sequence[str], y: int) -> list[str]:
    lines, x = [], 8
    for number, name in enumerate(names):
        lines.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{COLOURS[number % len(COLOURS)]}"/>')
        lines.append(f'<text x="{x + 14}" y="{y}">{escape(name)}</text>')
        x += 24 + 7 * len(name)
    return lines
