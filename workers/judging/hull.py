"""Taking the statistics of :mod:`workers.spread` of arrays."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import numpy as np

from workers.spread import CORNERS, LARGEST, THRESHOLDS, Point, Spread


def spread_of(a: np.ndarray, b: np.ndarray) -> Spread:
    """Of finite values ``a`` and the golden ``b``, both flat, in float64 and one unit."""
    if not b.size:
        return Spread(0, 0.0)
    sizes = np.abs(b)
    errors = np.minimum(np.abs(a - b), LARGEST)
    peak = float(sizes.max())
    corners, slack = hull(sizes, errors)
    found = np.bincount(np.searchsorted(np.array(THRESHOLDS) * peak, errors), minlength=len(THRESHOLDS) + 1)
    above = tuple(int(count) for count in found[::-1].cumsum()[::-1][1:])
    return Spread(b.size, peak, corners, slack, above)


def together(spreads: Iterable[Spread]) -> Spread:
    """Of several tensors, each relative to its own peak: an element gate passes them all exactly when it passes this."""
    told = [spread for spread in spreads if spread.elements]
    points = np.array([_relative(point, spread.peak) for spread in told for point in spread.corners]).reshape(-1, 2)
    if not len(points):
        return Spread(sum(spread.elements for spread in told), 0.0)
    corners, slack = hull(points[:, 0], points[:, 1])
    slack += max(_relative((0.0, spread.slack), spread.peak)[1] for spread in told)
    return Spread(sum(spread.elements for spread in told), 1.0, corners, min(slack, LARGEST))


def hull(sizes: np.ndarray, errors: np.ndarray, most: int = CORNERS) -> tuple[tuple[Point, ...], float]:
    """The corners from the leftmost point up to the highest, and how far any point lies above the line through them.

    Further corners are added where the line misses most: each is the point that is highest above its piece of the line.
    """
    top = _best(errors, sizes)
    left = _best(-sizes, -errors)
    corners = {left, top}
    open_ends: list[tuple[float, int, int, int, np.ndarray]] = []

    def look(start: int, end: int, among: np.ndarray) -> None:
        width = sizes[end] - sizes[start]
        if not len(among) or not width > 0:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            line = errors[start] + (sizes[among] - sizes[start]) * ((errors[end] - errors[start]) / width)
            over = errors[among] - line
        above = over > 0
        if above.any():
            farthest = int(among[above][over[above].argmax()])
            heapq.heappush(open_ends, (-float(over[above].max()), start, end, farthest, among[above]))

    look(left, top, np.arange(sizes.size))
    while open_ends and len(corners) < most:
        _, start, end, corner, among = heapq.heappop(open_ends)
        if corner in corners:
            continue
        corners.add(corner)
        look(start, corner, among[sizes[among] < sizes[corner]])
        look(corner, end, among[sizes[among] > sizes[corner]])
    slack = max((-over for over, _, _, corner, _ in open_ends if corner not in corners), default=0.0)
    chosen = sorted({(float(sizes[i]), float(errors[i])) for i in corners})
    return tuple(chosen), slack


def _best(first: np.ndarray, then: np.ndarray) -> int:
    """Where ``first`` is largest; of several the one where ``then`` is smallest."""
    best = np.flatnonzero(first == first.max())
    return int(best[then[best].argmin()])


def _relative(point: Point, peak: float) -> Point:
    if not peak:
        return 0.0, LARGEST if point[1] else 0.0
    return point[0] / peak, min(point[1] / peak, LARGEST)
