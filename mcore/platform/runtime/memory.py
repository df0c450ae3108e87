"""Memory of a plan: one arena for all values and scratch, given out by lifetime and used again; weights brought into form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mcore.platform.pages import ALIGNMENT, aligned, lasting, mapped
from mcore.platform.runtime.limits import check_memory

#: Columns that are copied at a time, a few cache lines of a transposed matrix.
COLUMNS = 8


def aligned_copy(array: np.ndarray) -> np.ndarray:
    """A contiguous aligned copy."""
    copy = lasting(array.shape, array.dtype)
    np.copyto(copy, array)
    return copy


def as_aligned(array: np.ndarray) -> np.ndarray:
    """``array`` itself if it is contiguous and aligned, else such a copy."""
    return array if array.flags.c_contiguous and array.ctypes.data % ALIGNMENT == 0 else aligned_copy(array)


def padded_rows(source: np.ndarray) -> np.ndarray:
    """``source`` (..., N) as an aligned matrix of N columns, its rows a little apart where they would alias in the cache."""
    *outer, columns = source.shape
    pitch = columns + 16 if columns >= 128 and columns % 64 == 0 else columns
    matrix = lasting((math.prod(outer), pitch))
    copy_columns(source, matrix.reshape(*outer, pitch)[..., :columns])
    return matrix[:, :columns]


def copy_columns(source: np.ndarray, target: np.ndarray) -> None:
    """Copy a few columns at a time: of a transposed ``source``, one cache line is then read at a time, not all of them."""
    for first in range(0, source.shape[-1], COLUMNS):
        np.copyto(target[..., first : first + COLUMNS], source[..., first : first + COLUMNS])


@dataclass(slots=True)
class Hole:
    """A free range of the arena, in bytes."""

    start: int
    stop: int


class Layout:
    """Offsets for buffers that come and go in the order of a plan; ``size_bytes`` is the most that is needed at once."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self._holes: list[Hole] = []

    def take(self, size_bytes: int) -> int:
        """Offset of a free range, from the smallest hole that it fits in; the arena grows if there is none."""
        size = aligned(size_bytes)
        fitting = [hole for hole in self._holes if hole.stop - hole.start >= size]
        if not fitting:
            return self._grow(size)
        hole = min(fitting, key=lambda h: (h.stop - h.start, h.start))
        start = hole.start
        hole.start += size
        if hole.start == hole.stop:
            self._holes.remove(hole)
        return start

    def give(self, start: int, size_bytes: int) -> None:
        """Free a range that :meth:`take` returned."""
        merged = Hole(start, start + aligned(size_bytes))
        apart = []
        for hole in self._holes:
            if hole.stop == merged.start:
                merged.start = hole.start
            elif hole.start == merged.stop:
                merged.stop = hole.stop
            else:
                apart.append(hole)
        self._holes = [*apart, merged]

    def _grow(self, size: int) -> int:
        """Extend the arena at its end, from the hole that ends there if one does."""
        last = next((hole for hole in self._holes if hole.stop == self.size_bytes), None)
        start = self.size_bytes if last is None else last.start
        if last is not None:
            self._holes.remove(last)
        self.size_bytes = start + size
        return start


class Arena:
    """One block of memory, on huge pages where the system has them.

    What ``shared`` memory is :func:`~mcore.platform.pages.mapped` says.

    Raises:
        ResourceError: this machine has less.
        MemoryError: the system gives no more.
    """

    def __init__(self, size_bytes: int, *, shared: bool = False) -> None:
        check_memory("the plan", size_bytes)
        try:
            self._bytes = mapped(size_bytes, shared=shared)
        except MemoryError as error:
            raise MemoryError(f"no memory for the {size_bytes} bytes of a plan") from error

    def array(self, offset: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """The array at ``offset``."""
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        return self._bytes[offset : offset + size].view(dtype).reshape(shape)
