"""All definitions that the architectures of a tree reach, in one table; a closure is a set of its rows.

Hundreds of closures share most of their definitions: each row is kept once, and a closure's own mappings are made when they
are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from functools import cached_property
from itertools import compress
from typing import TypeVar

import msgspec

from farm.source.converter import CONVERTER
from farm.source.graph import Graph, Key, Node, Role, Wildcard

K = TypeVar("K")
V = TypeVar("V")
_BITS = bytes.maketrans(b"01", b"\x00\x01")


class DefinitionHash(msgspec.Struct, frozen=True, array_like=True):
    """One definition of a closure, or a data file.

    Args:
        file: that has it.
        line: where it starts.
        own: hash of its syntax; git's id of a data file.
        links: what each name in it means, sorted.
        members: hash of each part of a class, by its name.
        lines: where each part starts.
    """

    file: str
    line: int
    own: str
    links: tuple[str, ...]
    members: dict[str, str]
    lines: dict[str, int]


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One definition, whatever reaches it.

    Args:
        name: full name; of a data file its path.
        definition: what it is.
        following: rows that it reaches at once.
        wildcards: places in it that may reach more than they name.
        through: names that it reaches by a wildcard alone.
    """

    name: str
    definition: DefinitionHash
    following: tuple[int, ...]
    wildcards: tuple[Wildcard, ...]
    through: tuple[tuple[str, Wildcard], ...]


class Lazy(Mapping[K, V]):
    """A mapping that is made when it is first looked into."""

    def __init__(self, make: Callable[[], dict[K, V]]) -> None:
        self._make: Callable[[], dict[K, V]] | None = make
        self._made: dict[K, V] = {}

    def made(self) -> dict[K, V]:
        """The mapping itself."""
        if self._make is not None:
            self._made, self._make = self._make(), None
        return self._made

    def __getitem__(self, key: K) -> V:
        return self.made()[key]

    def __contains__(self, key: object) -> bool:
        return key in self.made()

    def __iter__(self) -> Iterator[K]:
        return iter(self.made())

    def __len__(self) -> int:
        return len(self.made())

    def __repr__(self) -> str:
        return repr(self.made())

    # Mapping's own would look every key up anew.
    def keys(self) -> KeysView[K]:
        return self.made().keys()

    def values(self) -> ValuesView[V]:
        return self.made().values()

    def items(self) -> ItemsView[K, V]:
        return self.made().items()


class _Edges(Mapping[str, tuple[str, ...]]):
    """Edges between the rows of a set, looked up in the table that all sets share; the root reaches the converter, too."""

    def __init__(self, table: Table, mask: int, root: str) -> None:
        self._table, self._mask, self._root = table, mask, root
        self._also = (CONVERTER,) if table.converter else ()

    def __getitem__(self, name: str) -> tuple[str, ...]:
        places = [i for i in self._table.places.get(name, ()) if self._mask >> i & 1]
        also = self._also if name == self._root else ()
        if not places and not also:
            raise KeyError(name)
        following = [self._table.following[i] for i in places]
        if len(following) == 1:
            return (*following[0], *also) if also else following[0]
        return (*sorted({n for names in following for n in names}), *also)

    def __iter__(self) -> Iterator[str]:
        return iter(
            dict.fromkeys((*(r.name for r in self._table.members(self._mask)), *([self._root] * len(self._also))))
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Table:
    """The rows, and sets of them as the bits of a number."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)
        self.converter = sum(1 << i for i, row in enumerate(self.rows) if row.name == CONVERTER)
        self._wild = sum(1 << i for i, row in enumerate(self.rows) if row.wildcards)

    @cached_property
    def following(self) -> list[tuple[str, ...]]:
        """Of each row the names that it reaches at once, sorted."""
        return [tuple(sorted({self.rows[i].name for i in row.following})) for row in self.rows]

    @cached_property
    def places(self) -> dict[str, tuple[int, ...]]:
        """Rows by name: a definition may be a mechanism as well."""
        places: dict[str, tuple[int, ...]] = {}
        for i, row in enumerate(self.rows):
            places[row.name] = (*places.get(row.name, ()), i)
        return places

    def members(self, mask: int) -> tuple[Row, ...]:
        """The rows of a set."""
        return tuple(compress(self.rows, _bits(mask)))

    def definitions(self, mask: int) -> Mapping[str, DefinitionHash]:
        """Definitions of a set, by name."""
        return Lazy(lambda: {row.name: row.definition for row in self.members(mask)})

    def edges(self, mask: int, root: str) -> Mapping[str, tuple[str, ...]]:
        """From each definition of a set to those that it reaches at once, sorted; last, from the root to the converter."""
        return _Edges(self, mask, root)

    def through(self, mask: int) -> Mapping[tuple[str, str], Wildcard]:
        """The wildcard of each edge that is there for it alone."""
        return Lazy(lambda: {(row.name, name): w for row in self.members(mask) for name, w in row.through})

    def wildcards(self, mask: int) -> tuple[Wildcard, ...]:
        """All wildcards of a set, sorted."""
        return tuple(sorted({w for row in self.members(mask & self._wild) for w in row.wildcards}))

    def reached(self) -> list[int]:
        """Of every row, the set of all that it reaches, itself included."""
        masks = [1 << i for i in range(len(self.rows))]
        changed = True
        order = _last_first(self.rows)
        while changed:  # once, and again for each circle of definitions within another
            changed = False
            for i in order:
                mask = masks[i]
                for following in self.rows[i].following:
                    mask |= masks[following]
                changed |= mask != masks[i]
                masks[i] = mask
        return masks


def make_table(graph: Graph, roots: Iterable[Key]) -> tuple[Table, dict[Key, int], list[bytes]]:
    """The table of all that some nodes reach and of the converter, in the order of what each row adds to a hash.

    Returns the table, the row of each node, and what each row adds.
    """
    keys = set(roots)
    if graph.converter is not None:
        keys.add(Key(Role.CONVERTER, ""))
    pending = list(keys)
    while pending:
        new = set(graph.successors(pending.pop())) - keys
        keys |= new
        pending += new
    digests = {key: _digest(graph.node(key)) for key in keys}
    places = {key: i for i, key in enumerate(sorted(keys, key=lambda k: (digests[k], k)))}
    return Table([_row(graph, graph.node(key), key, places) for key in places]), places, sorted(digests.values())


def digest_of(mask: int, digests: Sequence[bytes]) -> bytes:
    """The digests of a set, of those of all rows in their order."""
    return b"".join(dict.fromkeys(compress(digests, _bits(mask))))


def _digest(node: Node) -> bytes:
    line = "\0".join((node.name, node.own, *node.links))
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).digest()


def _row(graph: Graph, node: Node, key: Key, places: Mapping[Key, int]) -> Row:
    members: dict[str, str] = {}
    lines: dict[str, int] = {}
    for member in node.members:  # a property and its setter have one name
        members[member.name] = members.get(member.name, "") + member.hash
        lines.setdefault(member.name, member.line)
    return Row(
        node.name,
        DefinitionHash(node.file, node.line, node.own, node.links, members, lines),
        tuple(places[k] for k in graph.successors(key)),
        node.wildcards,
        tuple((graph.node(k).name, w) for k, w in node.through.items()),
    )


def _bits(mask: int) -> bytes:
    return format(mask, "b")[::-1].encode().translate(_BITS)


def _last_first(rows: Sequence[Row]) -> list[int]:
    """All rows, each after what it reaches, as far as there are no circles."""
    order: list[int] = []
    seen: set[int] = set()
    for start in range(len(rows)):
        pending = [(start, False)]
        while pending:
            row, left = pending.pop()
            if left:
                order.append(row)
            elif row not in seen:
                seen.add(row)
                pending.append((row, True))
                pending += [(i, False) for i in rows[row].following if i not in seen]
    return order
