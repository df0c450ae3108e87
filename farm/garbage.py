"""Python's collector of garbage, kept from looking through what is made in bulk and has no circles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection(*, freeze: bool = False) -> Iterator[None]:
    """Make objects by the thousand without looks for circles among all that is loaded.

    With ``freeze``, for what is kept long, it is not looked through later either: it goes when nothing refers to it, and what
    there is of circles by :func:`collect_frozen`. Threads that do so at the same time leave collection on as they found it.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if freeze:
                gc.freeze()
            gc.enable()


def collect_frozen() -> None:
    """Free what nobody refers to any more of what was frozen."""
    gc.unfreeze()
    gc.collect()
