"""From figures to places on an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: Figures nearer to zero count as zero, larger ones as this large: powers of ten are computed with between them.
LEAST, MOST = 1e-300, 1e300
#: About so many ticks have room on an axis.
TICKS = 4
#: Exponents of the decades whose tick is written out: 0.01 to 1000.
_WRITTEN_OUT = range(-2, 4)


@dataclass(frozen=True, slots=True)
class Tick:
    """A figure that an axis names."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Figures from ``low`` to ``high`` on pixels from ``start`` to ``end``, evenly or, where ``log``, by their logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Where a figure stands; what is below the scale, or above it or no number, at its start or end."""
        if not value < self.high:  # NaN too: it is the worst that a figure can be
            return self.end
        if value <= self.low:
            return self.start
        share = (
            (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
            if self.log
            else (value - self.low) / (self.high - self.low)
        )
        return self.start + share * (self.end - self.start)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Round figures on the scale, its ends among them."""
        if not self.log:
            figures = [self.low + (self.high - self.low) * step / TICKS for step in range(TICKS + 1)]
            return tuple(Tick(self.place(figure), f"{figure:g}") for figure in figures)
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        step = math.ceil((last - first) / TICKS)
        return tuple(Tick(self.place(_decade(n)), _decade_label(n)) for n in range(first, last + 1, step))


def linear(values: Iterable[float], start: float, end: float) -> Scale:
    """From zero to a round figure that none of the finite ``values`` is above."""
    most = max(_usable(values), default=0.0)
    return Scale(0.0, _round_up(most) if most else 1.0, start, end)


def logarithmic(values: Iterable[float], start: float, end: float) -> Scale:
    """Whole decades, as many as a tick divides evenly, that hold all finite ``values`` above zero."""
    usable = _usable(values) or [1.0]
    first = _decade_below(min(usable))
    top = _decade_below(max(usable))
    last = max(top if _decade(top) == max(usable) else top + 1, first + 1)
    step = math.ceil((last - first) / TICKS)
    last = first + math.ceil((last - first) / step) * step
    return Scale(_decade(first), _decade(last), start, end, log=True)


def _usable(values: Iterable[float]) -> list[float]:
    return [min(value, MOST) for value in values if value >= LEAST and value != math.inf]


def _round_up(value: float) -> float:
    """The least of 1, 2, 4, 8 and 10 times a power of ten that is not below ``value``: their quarters are round too."""
    power = _decade(_decade_below(value))
    return next((m * power for m in (1, 2, 4, 8) if value <= m * power), 10 * power)


def _decade_below(value: float) -> int:
    """The exponent of the largest power of ten that is not above ``value``; its logarithm may be rounded up to the next."""
    exponent = math.floor(math.log10(value))
    return exponent if _decade(exponent) <= value else exponent - 1


def _decade(exponent: int) -> float:
    return float(f"1e{exponent}")  # the nearest float, which 10.0 ** exponent need not be


def _decade_label(exponent: int) -> str:
    return f"{_decade(exponent):g}" if exponent in _WRITTEN_OUT else f"1e{exponent}"
