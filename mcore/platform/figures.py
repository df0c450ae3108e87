"""Error figures of a tensor against its reference, computed in float64: what conversion checks and devices are judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Signal-to-noise ratio reported for bit-equal values, in dB; above what float64 can resolve.
EXACT_SQNR_DB = 350.0
#: Stands for an infinite relative error: figures travel as JSON, which has no infinity.
UNBOUNDED = float(np.finfo(np.float64).max)

#: Elements that are compared at a time: widened, they stay in the cache.
_BLOCK = 1 << 14


@dataclass(frozen=True, slots=True)
class Figures:
    """``max_rel_error`` is relative to the peak of the reference; SQNR is 10·log10(sum(ref²) / sum((value - ref)²)), in dB."""

    max_abs_error: float
    max_rel_error: float
    sqnr_db: float
    cosine: float


def figures(value: np.ndarray, reference: np.ndarray) -> Figures:
    """Compare two finite arrays of one shape; an all-zero reference has an unbounded relative error unless ``value``
    is zero too.
    """
    a, b = np.asarray(value).reshape(-1), np.asarray(reference).reshape(-1)
    if a.size == 0 or np.array_equal(a, b):
        return Figures(0.0, 0.0, EXACT_SQNR_DB, 1.0)
    found = [_compared(a[start : start + _BLOCK], b[start : start + _BLOCK]) for start in range(0, a.size, _BLOCK)]
    peaks, sums = np.split(np.array(found), [2], axis=1)
    max_abs, peak = peaks.max(0).tolist()
    signal, noise, power, product = sums.sum(0).tolist()
    norm = float(np.sqrt(power) * np.sqrt(signal))
    return Figures(
        max_abs,
        max_abs / peak if peak else UNBOUNDED,
        10.0 * float(np.log10(signal / noise)) if signal and noise else (-EXACT_SQNR_DB if noise else EXACT_SQNR_DB),
        product / norm if norm else 0.0,
    )


def _compared(value: np.ndarray, reference: np.ndarray) -> tuple[float, ...]:
    """Of a block: largest error and peak of the reference, then the sums of ref², error², value² and value · ref."""
    a, b = (block.astype(np.float64, copy=False) for block in (value, reference))
    error = a - b
    most, peak = max(error.max(), -error.min()), max(b.max(), -b.min())
    return tuple(map(float, (most, peak, b @ b, error @ error, a @ a, a @ b)))
