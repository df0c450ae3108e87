"""What is kept of how the errors of a tensor lie, so that it can be judged by other tolerances without running it again.

An element gate asks of each element whether ``|a - b| <= atol_rel * max|b| + rtol * |b|``. In the plane of size ``|b|`` and
error ``|a - b|`` that is a line which no element may be above. Whether one is, for any line that does not fall, is decided by
the corners of the upper left hull of all elements: a handful of points in place of millions. Where there are more corners than
are kept, ``slack`` bounds what was left out. How many elements are above a line is known within bounds, from counts.

Taken of arrays in :mod:`workers.judging.hull`; nothing here needs NumPy, so that reports are read without it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from workers.policy import Policy

#: Corners that are kept.
CORNERS = 16
#: Errors relative to the peak above which elements are counted: four to a decade.
THRESHOLDS = tuple(10.0 ** (exponent / 4) for exponent in range(-28, 1))
#: What is computed once more from the corners may differ by as much from what was computed of the elements.
ROUNDING = 1e-12
#: An error that is larger is taken for this: no gate is so wide, and JSON has no infinity.
LARGEST = 1e100

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spread:
    """How the finite errors of one tensor, or of several together, lie.

    ``peak`` is ``max|b|``; it, and the (size, error) ``corners`` by rising size, are in a unit that is a power of two.
    ``above`` counts, for each of :data:`THRESHOLDS`, the elements with an error above that share of the peak; it is empty for
    several tensors. ``nonfinite`` elements are not in any of this. What the golden is worth is beside: ``constant`` says that
    its elements, more than one, are all the same; ``sensitivity`` how far another input moves it, where that is known.
    """

    elements: int
    peak: float
    corners: tuple[Point, ...] = ()
    slack: float = 0.0
    above: tuple[int, ...] = ()
    nonfinite: int = 0
    constant: bool = False
    sensitivity: float | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a gate is used up, 1 at the limit: ``least`` and ``most``, equal where it is known."""

    least: float
    most: float


def element_gate(spread: Spread, policy: Policy) -> Used:
    """How much of the element gate of ``policy`` is used up once its allowed share of worst elements is set aside."""
    used = max((_ratio(point, spread.peak, policy) for point in spread.corners), default=0.0)
    most = used + (_ratio((0.0, spread.slack), spread.peak, policy) if spread.slack else 0.0)
    aside = allowed(policy.allowed_share, spread.elements)
    if not aside:
        return Used(used, most)
    if aside >= spread.elements:
        return Used(0.0, 0.0)
    return _counted(spread, policy, aside, most)


def allowed(share: float, elements: int) -> int:
    """How many elements an allowed share of them is."""
    return math.floor(share * elements + 1e-9)


def share_above(spread: Spread, policy: Policy) -> float:
    """The share of elements outside of the element gate, at most."""
    if element_gate(spread, policy).most <= 1.0 and not policy.allowed_share:
        return 0.0
    counts = [n for at, n in zip(THRESHOLDS, spread.above, strict=False) if at <= policy.atol_rel]
    return counts[-1] / spread.elements if counts else 1.0


def _counted(spread: Spread, policy: Policy, aside: int, most: float) -> Used:
    """Bounds from the counts: the first error that is not set aside lies between two thresholds."""
    low = max((at for at, n in zip(THRESHOLDS, spread.above, strict=False) if n > aside), default=0.0)
    high = min((at for at, n in zip(THRESHOLDS, spread.above, strict=False) if n <= aside), default=math.inf)
    wide = policy.atol_rel + policy.rtol
    least = low / wide if wide else (math.inf if low else 0.0)
    return Used(min(least, most), min(most, high / policy.atol_rel if policy.atol_rel else math.inf))


def _ratio(point: Point, peak: float, policy: Policy) -> float:
    size, error = point
    limit = policy.atol_rel * peak + policy.rtol * size
    if not error:
        return 0.0
    return error / limit if limit else math.inf
