"""The architectures of one state of the repository, and their closures, by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm.planning.plan import SourceReader
from farm.source.catalogue import Architecture
from farm.source.closure import Closure
from farm.source.tree import SourceTree


@dataclass(frozen=True, slots=True)
class State:
    """Architectures and closures of ``tree`` by key, the excluded ones too; ``tested`` are those that are not excluded."""

    tree: SourceTree
    architectures: Mapping[str, Architecture]
    closures: Mapping[str, Closure]
    tested: frozenset[str]

    def hash(self, key: str) -> str | None:
        """An architecture's closure hash; ``None`` where it is not there."""
        closure = self.closures.get(key)
        return closure.hash if closure is not None else None


def state_of(reader: SourceReader, tree: SourceTree) -> State:
    """The state that ``tree`` is."""
    discovery, closures = reader.read(tree)
    return State(
        tree,
        {a.key: a for a in closures},
        {a.key: closure for a, closure in closures.items()},
        frozenset(a.key for a in discovery.architectures),
    )
