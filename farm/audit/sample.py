"""Which architectures an audit looks at; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection


def draw(keys: Collection[str], count: int | None, seed: int) -> tuple[str, ...]:
    """``count`` of ``keys``, all of them without a count, sorted; the same seed draws the same ones.

    A key's place depends on the seed and itself alone, so that a new architecture changes no more than one of a sample.
    """
    if count is None:
        return tuple(sorted(keys))
    order = sorted(keys, key=lambda key: (hashlib.sha256(f"{seed}\0{key}".encode()).digest(), key))
    return tuple(sorted(order[:count]))
