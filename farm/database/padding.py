"""Lists for ``IN (...)`` of few lengths: each length is a statement of its own, which a server has to prepare and plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

_Item = TypeVar("_Item")


def padded(items: Iterable[_Item]) -> list[_Item]:
    """The items, and the last one again until their number is a power of two; whether one is in the list stays the same."""
    found = list(items)
    if found:
        found += found[-1:] * ((1 << (len(found) - 1).bit_length()) - len(found))
    return found
