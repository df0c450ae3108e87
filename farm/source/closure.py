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
from dataclasses import dataclass

from farm.source.catalogue import Architecture, Catalogue
from farm.source.converter import converter_node
from farm.source.graph import Graph, Key, Node, Role, Wildcard
from farm.source.names import Cache, Names
from farm.source.tree import SourceTree

#: Hashes are comparable where this is the same: Python's syntax trees differ between its minor versions.
HASH_SCHEMA = f"2-py{sys.version_info[0]}.{sys.version_info[1]}"


@dataclass(frozen=True, slots=True)
class DefinitionHash:
    """One definition of a closure, or a data file.

    Args:
        file: that has it.
        line: where it starts.
        own: hash of its syntax; git's id of a data file.
        links: what each name in it means, sorted.
        members: hash of each part of a class, by its name.
    """

    file: str
    line: int
    own: str
    links: tuple[str, ...]
    members: Mapping[str, str]


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
    """

    root: str
    hash: str
    code: str
    definitions: Mapping[str, DefinitionHash]
    edges: Mapping[str, tuple[str, ...]]
    wildcards: tuple[Wildcard, ...]
    through: Mapping[tuple[str, str], Wildcard]


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
    converter = converter_node(tree, catalogue, cache)
    builder = _Builder(Graph(tree, Names(tree, catalogue.followed(), cache), converter))
    return {a: builder.closure(a) for a in architectures}


class _Builder:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._hashes: dict[Key, tuple[str, DefinitionHash, bytes]] = {}
        self._names: dict[Key, tuple[str, ...]] = {}

    def closure(self, architecture: Architecture) -> Closure:
        module, _, name = architecture.definition.rpartition(".")
        index = self._graph.names.module(architecture.module)
        inside = index is not None and name in index.bindings
        reached = self._graph.reached([Key(Role.DEFINITION, module, name)]) if inside else []
        definitions: dict[str, DefinitionHash] = {}
        edges: dict[str, tuple[str, ...]] = {}
        wildcards: set[Wildcard] = set()
        through: dict[tuple[str, str], Wildcard] = {}
        lines: set[bytes] = set()
        for key in reached:
            full, definition, line = self._described(key)
            definitions[full] = definition
            lines.add(line)
            after = self._successors(key)
            edges[full] = tuple(sorted({*edges[full], *after})) if full in edges else after
            node = self._graph.node(key)
            wildcards.update(node.wildcards)
            through.update({(full, self._graph.node(k).name): w for k, w in node.through.items()})
        code = _total(architecture.definition, lines)
        if self._graph.converter is not None:
            full, definition, line = self._described(Key(Role.CONVERTER, ""))
            definitions[full] = definition
            lines.add(line)
            edges[architecture.definition] = (*edges.get(architecture.definition, ()), full)
        return Closure(
            architecture.definition,
            _total(architecture.definition, lines),
            code,
            definitions,
            edges,
            tuple(sorted(wildcards)),
            through,
        )

    def _described(self, key: Key) -> tuple[str, DefinitionHash, bytes]:
        if key not in self._hashes:
            node = self._graph.node(key)
            definition = DefinitionHash(node.file, node.line, node.own, node.links, _members(node))
            line = "\0".join((node.name, node.own, *node.links)).encode("utf-8", "surrogatepass")
            self._hashes[key] = node.name, definition, hashlib.sha256(line).digest()
        return self._hashes[key]

    def _successors(self, key: Key) -> tuple[str, ...]:
        if key not in self._names:
            self._names[key] = tuple(sorted({self._graph.node(k).name for k in self._graph.successors(key)}))
        return self._names[key]


def _members(node: Node) -> dict[str, str]:
    members: dict[str, str] = {}
    for member in node.members:  # a property and its setter have one name
        members[member.name] = members.get(member.name, "") + member.hash
    return members


def _total(root: str, lines: Iterable[bytes]) -> str:
    total = hashlib.sha256(f"{HASH_SCHEMA}\0{root}\0".encode())
    for line in sorted(lines):
        total.update(line)
    return total.hexdigest()
