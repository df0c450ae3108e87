"""The order in which files of tests begin where several processes share them.

A file is one process's (``--dist loadfile``), so a long one must not begin last. How many tests a file has says little: the
slowest start real processes, and have few. ``--no-loadscope-reorder`` leaves this order as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
#: Files of about ten seconds and more, the longest first.
LONGEST = tuple((Path(__file__).parent / "longest.txt").read_text(encoding="utf-8").split())


def by_length(items: Sequence[Item], file_of: Callable[[Item], str], longest: Iterable[str] = LONGEST) -> list[Item]:
    """The files of ``longest`` first, then by how many tests a file has; each together, its tests in the order they had."""
    rank = {name: place for place, name in enumerate(longest)}
    size = Counter(map(file_of, items))

    def place(item: Item) -> tuple[int, int, str]:
        name = file_of(item)
        return rank.get(name, len(rank)), -size[name], name

    return sorted(items, key=place)
