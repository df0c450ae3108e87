"""When results of torch and of the Platform are the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .samples import Sample

#: Largest error relative to the peak of the result. Both sides round once for each operation, in sums of another order:
#: a few units in the last place (6e-8, 5e-4), tens of them where hundreds of terms are added.
TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 2e-3}

#: Functions that torch computes at once, in single precision, and the Platform as several ops, each rounded to half.
SEVERAL_OPS = ("addcmul", "addmm", "baddbmm", "lerp", "nn.functional.multi_head_attention_forward")
HALF_OF_SEVERAL_OPS = 1e-2

#: Functions whose indices may be those of any of equal elements, and where they take the dimension, after their input.
ORDERS = {"argsort": 0, "sort": 0, "topk": 1}


def difference(name: str, sample: Sample, found: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> str:
    """What tells the results ``found`` for a sample of operator ``name`` from those ``wanted``, ``""`` if nothing."""
    if len(found) != len(wanted):
        return f"{len(found)} results, torch has {len(wanted)}"
    for own, theirs in zip(found, wanted, strict=True):
        if own.shape != theirs.shape:
            return f"shape {own.shape}, torch has {theirs.shape}"
        if own.dtype != theirs.dtype:
            return f"dtype {own.dtype}, torch has {theirs.dtype}"
        if name in ORDERS and theirs is wanted[-1] and theirs.size:
            own, theirs = (_picked(name, sample, indices) for indices in (own, theirs))
        if text := _values_that_differ(own, theirs, _tolerance(name, theirs)):
            return text
    return ""


def _tolerance(name: str, values: np.ndarray) -> float:
    if values.dtype == np.float16 and name in SEVERAL_OPS:
        return HALF_OF_SEVERAL_OPS
    return TOLERANCE.get(values.dtype.name, 0.0)


def _values_that_differ(found: np.ndarray, wanted: np.ndarray, tolerance: float) -> str:
    wrong = found != wanted
    if tolerance:
        finite = np.isfinite(wanted)
        peak = float(np.abs(wanted[finite]).max(initial=0.0))
        with np.errstate(all="ignore"):
            off = np.abs(found.astype(np.float64) - wanted) > tolerance * peak
        # What is not finite must be the same; NaN is, though it does not equal itself.
        wrong = np.where(finite, off | ~np.isfinite(found), wrong & ~(np.isnan(found) & np.isnan(wanted)))
    if not wrong.any():
        return ""
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{int(wrong.sum())} of {wrong.size} values, at {list(place)} {found[place]}, torch has {wanted[place]}"


def _picked(name: str, sample: Sample, indices: np.ndarray) -> np.ndarray:
    """The elements at ``indices`` of the sample's input; each may be taken once."""
    x, *rest = sample.arguments
    dim = sample.keywords.get("dim", rest[ORDERS[name]] if len(rest) > ORDERS[name] else -1)
    values = np.atleast_1d(x.numpy())
    indices = np.atleast_1d(indices)
    assert (np.diff(np.sort(indices, dim), axis=dim) != 0).all(), "an index is there twice"
    return np.take_along_axis(values, indices, dim)
