"""Elementwise work on flat contiguous memory, in pieces that stay in the cache.

NumPy copies strided or broadcast operands of a ufunc through its buffer, at three to six times the cost. So a value for each
channel is repeated to :data:`PERIOD` elements or more, and memory is viewed in rows of that length.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mcore.platform.pages import lasting
from mcore.platform.runtime.step import Step

#: Elements of a piece: 256 KiB of float32, so that a piece and what is combined with it stay in the second-level cache.
TILE = 65536

#: Least length of a repeated vector; NumPy's ufunc buffer holds as many elements.
PERIOD = 8192


def repeated(vector: np.ndarray) -> np.ndarray:
    """``vector`` end to end, as often as it takes to have :data:`PERIOD` elements."""
    count = -(-PERIOD // vector.size)
    tile = lasting((count, vector.size), vector.dtype)
    tile[:] = vector
    return tile.reshape(-1)


def with_vector(
    ufunc: np.ufunc, source: np.ndarray, vector: np.ndarray, out: np.ndarray, *, vector_first: bool = False
) -> Iterator[Step]:
    """``ufunc(source, vector)`` on flat arrays, where the :func:`repeated` ``vector`` starts again at each of its periods.

    ``vector_first`` exchanges the operands.
    """
    turn = -1 if vector_first else 1
    period = vector.size
    body = source.size - source.size % period
    if body:
        shape = (-1, period)
        yield Step(ufunc, (source[:body].reshape(shape), vector)[::turn], out[:body].reshape(shape))
    if body < source.size:
        yield Step(ufunc, (source[body:], vector[: source.size - body])[::turn], out[body:])


def pieces(start: int, stop: int, multiple: int = 1) -> Iterator[tuple[int, int]]:
    """Ranges of about :data:`TILE` elements, in multiples of ``multiple``, that make up ``start`` to ``stop``."""
    length = max(TILE // multiple, 1) * multiple
    for first in range(start, stop, length):
        yield first, min(first + length, stop)
