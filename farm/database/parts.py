"""Names of rows, some at a time: databases bound the number of parameters of a query, and where a thousand rows are asked for
PostgreSQL may rather read the whole table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

#: What a query names at a time.
AT_ONCE = 500
Name = TypeVar("Name", str, int)


def in_parts(names: Collection[Name]) -> Iterator[list[Name]]:
    """Some at a time, in order."""
    ordered = sorted(names)
    return (ordered[at : at + AT_ONCE] for at in range(0, len(ordered), AT_ONCE))
