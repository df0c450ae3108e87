"""One call of a running plan, and the calls that are not ufuncs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Step(NamedTuple):
    """``call(*arguments, out=out)``: the arrays are bound once, when the program is planned."""

    call: Callable[..., Any]
    arguments: tuple[Any, ...]
    out: Any


def copy(source: np.ndarray, *, out: np.ndarray) -> None:
    """Copy ``source``, which may broadcast, to ``out``."""
    np.copyto(out, source)


def fill(value: float, *, out: np.ndarray) -> None:
    """Set every element of ``out``."""
    out.fill(value)


def clip(array: np.ndarray, low: np.float32, high: np.float32, *, out: np.ndarray) -> None:
    """``array`` limited to ``low`` and ``high``; the method is quicker than ``np.clip``."""
    array.clip(low, high, out=out)


def take(source: np.ndarray, indices: np.ndarray, axis: int, *, out: np.ndarray) -> None:
    """Elements of ``source`` at ``indices``, which are known to be in range, along ``axis``."""
    source.take(indices, axis, out, "clip")
