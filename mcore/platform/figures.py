"""Error figures of a tensor against its reference, computed in float64: what conversion checks and devices are judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Signal-to-noise ratio reported for bit-equal values, in dB; above what float64 can resolve.
EXACT_SQNR_DB = 350.0
#: Stands for an infinite relative error: figures travel as JSON, which has no infinity.
UNBOUNDED = float(np.finfo(np.float64).max)


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
    a = np.asarray(value, dtype=np.float64).reshape(-1)
    b = np.asarray(reference, dtype=np.float64).reshape(-1)
    if a.size == 0 or np.array_equal(a, b):
        return Figures(0.0, 0.0, EXACT_SQNR_DB, 1.0)
    error = a - b
    max_abs, peak = float(np.abs(error).max()), float(np.abs(b).max())
    signal, noise = float(b @ b), float(error @ error)
    norm = float(np.sqrt(a @ a) * np.sqrt(signal))
    return Figures(
        max_abs,
        max_abs / peak if peak else UNBOUNDED,
        10.0 * float(np.log10(signal / noise)) if signal and noise else (-EXACT_SQNR_DB if noise else EXACT_SQNR_DB),
        float(a @ b) / norm if norm else 0.0,
    )
