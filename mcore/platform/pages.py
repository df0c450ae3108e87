"""Memory for arrays that live long: on huge pages where the system has them, so that there are few faults and few misses."""

from __future__ import annotations

import math
import mmap
import sys
import threading

import numpy as np

#: Start of every array, in bytes: a cache line, and the widest vector of today's processors.
ALIGNMENT = 64

#: Bytes of the largest block that arrays share; one of half of it or more has memory of its own.
BLOCK = 16 << 20

#: Bytes of a huge page.
_HUGE = 2 << 20


def aligned(size_bytes: int) -> int:
    """``size_bytes`` rounded up to whole alignment units; at least one, so that no two buffers have one address."""
    return max(1, -(-size_bytes // ALIGNMENT)) * ALIGNMENT


def mapped(size_bytes: int, *, shared: bool = False) -> np.ndarray:
    """Zeros (uint8) in memory of their own; it takes what is written to, by pages.

    Forks of this process see each other's writes to memory that is ``shared``, which few systems put on huge pages; of any
    other, each has its own.

    Raises:
        MemoryError: there is no more.
    """
    try:
        memory = _memory(max(size_bytes, 1), shared)
    except OSError as error:
        raise MemoryError(f"no memory for {size_bytes} bytes") from error
    if hasattr(mmap, "MADV_HUGEPAGE") and size_bytes >= _HUGE:
        memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def _memory(size_bytes: int, shared: bool) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, size_bytes)
    return mmap.mmap(-1, size_bytes, mmap.MAP_ANONYMOUS | (mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE))


class _Current(threading.local):
    """The block that a thread's small arrays are cut from, one after the other; it is free when all of them are."""

    block = np.empty(0, np.uint8)
    used = 0


_current = _Current()


def lasting(shape: tuple[int, ...], dtype: np.dtype | type = np.float32) -> np.ndarray:
    """An aligned array of any content that is to be kept: it shares its memory with others, which it keeps from being freed."""
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    if size >= BLOCK // 2:
        return mapped(-(-size // _HUGE) * _HUGE)[:size].view(kind).reshape(shape)
    if _current.used + size > _current.block.size:
        grown = max(2 * _current.block.size, _HUGE)  # so that little takes little, where memory is limited
        while grown < size:
            grown *= 2
        _current.block, _current.used = mapped(min(grown, BLOCK)), 0
    start = _current.used
    _current.used += aligned(size)
    return _current.block[start : start + size].view(kind).reshape(shape)
