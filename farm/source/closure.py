"""Closure hashes: all the code and data files that an architecture can reach, definition by definition.

The closure of an architecture starts at its definition and follows every name that is used anywhere in it, through imports and
re-exports, to the definition that the name means: base classes, decorators, defaults, constants, what a registry is filled
with, files that strings name. A class counts whole, with all its methods. An object's methods need no edges of their own:
whatever made the object is reached, and with it its class.

Each definition counts by its full name, the hash of its syntax, and what the names in it mean; so a comment, a reformat or
a definition that is moved within its file changes nothing, and an import that changes the meaning of a name does. What
cannot be followed is a wildcard, named with its place, over all that it can reach. Names outside the tree are leaves.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from farm.source.catalogue import Architecture, Catalogue
from farm.source.converter import converter_node
from farm.source.graph import Graph, Key, Role, Wildcard
from farm.source.names import Cache, Names
from farm.source.table import DefinitionHash, Table, digest_of, make_table
from farm.source.tree import SourceTree

#: Hashes are comparable where this is the same: Python's syntax trees differ between its minor versions.
HASH_SCHEMA = f"2-py{sys.version_info[0]}.{sys.version_info[1]}"


@dataclass(frozen=True, slots=True)
class Closure:
    """All that one architecture can reach.

    Args:
        root: full name of the architecture's definition.
        hash: of everything below.
        code: of the same without the converter, whose changes are not the architecture's own.
        definitions: by full name; data files by path.
        edges: from each definition to those that it reaches at once, sorted.
        wildcards: places in these definitions that may reach more than they name.
        through: the wildcard of each edge that is there for it alone.
        table: that it is a set of rows of; ``None`` for one that was put together by hand.
        mask: the rows, without the converter.
    """

    root: str
    hash: str
    code: str
    definitions: Mapping[str, DefinitionHash]
    edges: Mapping[str, tuple[str, ...]]
    wildcards: tuple[Wildcard, ...]
    through: Mapping[tuple[str, str], Wildcard]
    table: Table | None = field(default=None, repr=False, compare=False)
    mask: int = field(default=0, repr=False, compare=False)

    def reaches(self, name: str) -> bool:
        """Whether a definition is one of these, told without making the mapping of them all."""
        if self.table is None:
            return name in self.definitions
        mask = self.mask | self.table.converter
        return any(mask >> place & 1 for place in self.table.places.get(name, ()))


def compute_closures(
    tree: SourceTree,
    architectures: Iterable[Architecture],
    catalogue: Catalogue,
    *,
    cache: Cache | None = None,
) -> dict[Architecture, Closure]:
    """Closures of architectures of a tree, in the order given.

    Args:
        tree: that they were discovered in.
        architectures: of :func:`farm.source.catalogue.discover`.
        catalogue: says whose code counts.
        cache: of indexed modules, shared with other calls; a second commit then costs little more than its changed files.
    """
    graph = Graph(tree, Names(tree, catalogue.followed(), cache), converter_node(tree, catalogue, cache))
    given = list(architectures)
    roots = {a: root for a in given if (root := _root(graph, a)) is not None}
    table, places, digests = make_table(graph, roots.values())
    reached = table.reached()

    def closure(a: Architecture) -> Closure:
        mask = reached[places[roots[a]]] if a in roots else 0  # what is defined outside the tree reaches nothing in it
        totals = [_total(a.definition, digest_of(m, digests)) for m in (mask | table.converter, mask)]
        return closure_of(table, a.definition, totals[0], totals[1], mask)

    return {a: closure(a) for a in given}


def closure_of(table: Table, root: str, digest: str, code: str, mask: int) -> Closure:
    """The closure that is a set of the rows of a table, and the converter."""
    return Closure(
        root,
        digest,
        code,
        table.definitions(mask | table.converter),
        table.edges(mask, root),
        table.wildcards(mask | table.converter),
        table.through(mask),
        table,
        mask,
    )


def _total(root: str, digests: bytes) -> str:
    return hashlib.sha256(f"{HASH_SCHEMA}\0{root}\0".encode() + digests).hexdigest()


def _root(graph: Graph, architecture: Architecture) -> Key | None:
    module, _, name = architecture.definition.rpartition(".")
    index = graph.names.module(architecture.module)
    return Key(Role.DEFINITION, module, name) if index is not None and name in index.bindings else None
