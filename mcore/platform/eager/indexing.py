"""Torch's indexing on an ndarray.

NumPy's differs in two points: there an integer beside an index array counts as an index array itself and may move the result's
dimensions, and steps may be negative. So integers, slices, ``None`` and ``...`` are applied first, giving a view, and index
arrays and masks on that view.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def get(array: np.ndarray, index: Any) -> np.ndarray:
    """``array[index]`` as torch has it; a view unless index arrays or masks are involved.

    Raises:
        IndexError: the index has too many parts, is out of range or of a kind that cannot index.
        ValueError: a step is not positive.
    """
    view, advanced = _basic(array, index)
    return view[advanced] if advanced else view


def put(array: np.ndarray, index: Any, value: Any) -> None:
    """``array[index] = value`` as torch has it; raises as :func:`get` does."""
    view, advanced = _basic(array, index)
    view[advanced or ...] = np.asarray(value)


def _basic(array: np.ndarray, index: Any) -> tuple[np.ndarray, tuple[Any, ...]]:
    """A view by the basic parts of ``index``, and the index of the rest on that view (empty if there is none)."""
    basic: list[Any] = []
    advanced: list[Any] = []  # one for each dimension of the view; a mask stands for as many as it has
    for part in _expanded(array, index):
        if isinstance(part, np.ndarray):
            basic += [slice(None)] * (part.ndim if part.dtype == bool else 1)
            advanced.append(part)
            continue
        basic.append(part)
        if not isinstance(part, int):
            advanced.append(slice(None))
    # The ellipsis keeps it a view even where no dimension is left.
    view = array[(*basic, ...)]
    return view, tuple(advanced) if any(isinstance(a, np.ndarray) for a in advanced) else ()


def _expanded(array: np.ndarray, index: Any) -> list[Any]:
    """The parts of ``index``, each an int, a slice, ``None`` or an ndarray, with the ellipsis spelt out."""
    parts = [_part(p) for p in (index if isinstance(index, tuple) else (index,))]
    used = sum(_consumed(p) for p in parts)
    if used > array.ndim:
        raise IndexError(f"{used} indices for a tensor of {array.ndim} dimensions")
    ellipses = [i for i, p in enumerate(parts) if p is Ellipsis]
    if len(ellipses) > 1:
        raise IndexError("an index can only have one ellipsis")
    rest = [slice(None)] * (array.ndim - used)
    at = ellipses[0] if ellipses else len(parts)
    return [*parts[:at], *rest, *parts[at + 1 :]]


def _consumed(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else 1


def _part(part: Any) -> Any:
    if part is None or part is Ellipsis:
        return part
    if isinstance(part, slice):
        step = 1 if part.step is None else int(part.step)
        if step < 1:
            raise ValueError(f"the step of a slice must be positive, not {step}: use flip")
        return part
    if isinstance(part, int | np.integer) and not isinstance(part, bool):
        return int(part)
    array = np.asarray(part)
    if array.dtype == bool or (array.size == 0 and isinstance(part, list)):
        return array if array.dtype == bool else array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise IndexError(
            f"a {type(part).__name__} of {array.dtype} is no index: use integers, slices, None, ... or a mask"
        )
    return array if array.ndim else int(array)
