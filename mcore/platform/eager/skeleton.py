"""Modules without weights: every constructor runs and every shape is there, but no parameter takes memory or gets a value.

It is how an assembly knows what a part will say of itself before the part is built. :func:`skeleton` opens the mode, and what
makes parameters asks for their memory here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

_OPEN: ContextVar[bool] = ContextVar("skeleton", default=False)


@contextmanager
def skeleton() -> Iterator[None]:
    """Let modules that are made inside have parameters without memory.

    ::

        with skeleton():
            backbone = ResNet50()
        backbone.channels  # and all else that the constructor says; it cannot be called, and takes no weights

    Initialisation does nothing inside, and no random number is drawn.
    """
    token = _OPEN.set(True)
    try:
        yield
    finally:
        _OPEN.reset(token)


def in_skeleton() -> bool:
    """Whether modules that are made now get no weights."""
    return _OPEN.get()


def filled(shape: int | tuple[int, ...], value: float, dtype: np.dtype | type = np.float32) -> np.ndarray:
    """An array of ``value`` everywhere; in a skeleton a read-only view of a single element."""
    if in_skeleton():
        return np.broadcast_to(np.asarray(value, dtype), shape)
    return np.full(shape, value, dtype)


def unset(shape: int | tuple[int, ...]) -> np.ndarray:
    """A float32 array that initialisation will fill; in a skeleton a read-only view of a single element."""
    return filled(shape, 0.0) if in_skeleton() else np.empty(shape, np.float32)
