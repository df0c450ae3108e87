"""All definitions of a tree as a graph: what each is, and what it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from farm.source.datafiles import DataFiles
from farm.source.effects import Changes
from farm.source.evaluate import Evaluator
from farm.source.facts import DynamicImport, Facts, Member, Reference, digest
from farm.source.modules import EFFECTS, MISSING, UNREADABLE, Module
from farm.source.names import Definition, Dynamic, ModuleItself, Names, Target
from farm.source.reach import Reach, ways_of
from farm.source.tree import SourceTree
from farm.source.walk import declaration, facts


class Role(IntEnum):
    """Of a node."""

    DEFINITION = 0
    MECHANISM = 1  # a definition on the way to a name that is made at run time: its wildcards stand for that name alone
    DYNAMIC = 2  # such a name
    IMPORT = 3  # the import of a module
    FILE = 4
    DECLARATION = 5  # a kernel, of which only the declaration counts
    CONVERTER = 6  # all that conversion reaches


class Key(NamedTuple):
    """Of a node."""

    role: Role
    module: str
    name: str = ""


class Wildcard(NamedTuple):
    """A place in code from which anything in ``scope`` may be reached, so that all of it counts.

    Args:
        file: of the place.
        line: of the place.
        what: the code.
        scope: a module or package with all below it, or a pattern of modules or files.
    """

    file: str
    line: int
    what: str
    scope: str

    def __str__(self) -> str:
        return f"{self.what} ({self.file}:{self.line}) may reach anything in {self.scope}"


@dataclass(frozen=True, slots=True)
class Node:
    """A definition, or a file.

    Args:
        name: full name; of a file its path.
        file: where it is.
        line: where it starts.
        own: hash of its syntax, or git's id of a file; empty for a node that is only passed through.
        links: what the names in it mean.
        members: hashes of the parts of a class.
        edges: to what it reaches.
        wildcards: in it.
        through: the wildcard by which alone it reaches something.
    """

    name: str
    file: str
    line: int
    own: str
    links: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    edges: tuple[Key, ...] = ()
    wildcards: tuple[Wildcard, ...] = ()
    through: Mapping[Key, Wildcard] = field(default_factory=dict)


class Graph:
    """The nodes of one tree, made when they are asked for."""

    def __init__(self, tree: SourceTree, names: Names, converter: Node | None = None) -> None:
        self.names, self.converter = names, converter
        self._tree = tree
        self.changes = changes = Changes(names)
        self.files = DataFiles(tree.paths())
        # Not of self: in a circle with it the tree, and git's process behind that, would outlive the graph until somebody looks
        # for circles.
        self.evaluator = Evaluator(names, lambda definition: bool(changes.of(definition)))
        self.reach = Reach(names, self.evaluator)
        self._nodes: dict[Key, Node] = {}
        self._successors: dict[Key, tuple[Key, ...]] = {}
        self._beyond: dict[Key, frozenset[Key]] = {}

    def node(self, key: Key) -> Node:
        """The node of a key."""
        if key not in self._nodes:
            self._nodes[key] = self._make(key)
        return self._nodes[key]

    def successors(self, key: Key) -> tuple[Key, ...]:
        """Nodes that one reaches at once, or through nodes that are only passed through; sorted."""
        if key not in self._successors:
            found: set[Key] = set()
            for following in self.node(key).edges:
                if self.node(following).own:
                    found.add(following)
                else:
                    found |= self._passed_through(following)
            self._successors[key] = tuple(sorted(found))
        return self._successors[key]

    def _passed_through(self, key: Key) -> frozenset[Key]:
        """Nodes that are reached through one that is only passed through: an import that many definitions share."""
        if key not in self._beyond:
            found: set[Key] = set()
            seen, pending = {key}, [key]
            while pending:
                for following in self.node(pending.pop()).edges:
                    if following not in seen:
                        seen.add(following)
                        if self.node(following).own:
                            found.add(following)
                        else:
                            pending.append(following)
            self._beyond[key] = frozenset(found)
        return self._beyond[key]

    def reached(self, roots: Iterable[Key]) -> list[Key]:
        """Some nodes and all that they reach, nearest first."""
        order = list(dict.fromkeys(roots))
        seen = set(order)
        for key in order:  # grows while it is walked
            for following in self.successors(key):
                if following not in seen:
                    seen.add(following)
                    order.append(following)
        return order

    def _make(self, key: Key) -> Node:
        match key.role:
            case Role.FILE:
                return Node(key.name, key.name, 1, self._tree.blob_id(key.name))
            case Role.IMPORT:
                return self._import(key.module)
            case Role.CONVERTER:
                assert self.converter is not None
                return self.converter
        module = self.names.module(key.module)
        assert module is not None
        return self._dynamic(module, key.name) if key.role is Role.DYNAMIC else _Maker(self, module, key).make()

    def _import(self, name: str) -> Node:
        edges = [Key(Role.IMPORT, name[:i]) for i, c in enumerate(name) if c == "."]
        missing: tuple[str, ...] = ()
        module = self.names.module(name)
        if module is not None:
            ran = (m for m in module.imports if self.names.exists(m) and not self.names.in_toolchain(m))
            edges += [Key(Role.IMPORT, m) for m in ran]
            missing = self.names.missing(module)
            if module.error:
                edges.append(Key(Role.DEFINITION, name, UNREADABLE))
            elif self.changes.counts_for_importers(name):
                edges.append(Key(Role.DEFINITION, name, EFFECTS))
        if missing:
            return Node(
                f"{name}.{MISSING}", module.path if module else "", 1, digest(missing), missing, edges=tuple(edges)
            )
        return Node(name, module.path if module else "", 1, "", edges=tuple(edges))

    def _dynamic(self, module: Module, name: str) -> Node:
        ends = self.reach.made(module, name)
        role = Role.DEFINITION if ends is None else Role.MECHANISM
        edges = [Key(role, module.name, way) for way in ways_of(module)]
        edges += [k for end in ends or () if (k := key_of(end)) is not None]
        links = tuple(str(end) for end in ends or ())
        return Node(f"{module.name}.{name}", module.path, 1, digest(["made", *links]), links, edges=tuple(edges))


def key_of(target: Target) -> Key | None:
    """Key of what a name means; ``None`` for what has no node."""
    match target:
        case Definition(module, name):
            return Key(Role.DEFINITION, module, name)
        case Dynamic(module, name):
            return Key(Role.DYNAMIC, module, name)
    return None


class _Maker:
    """Makes the node of one definition."""

    def __init__(self, graph: Graph, module: Module, key: Key) -> None:
        self._graph, self._module, self._key = graph, module, key
        self._edges: dict[Key, None] = {}
        self._links: list[str] = []
        self._wildcards: list[Wildcard] = []
        self._through: dict[Key, Wildcard] = {}

    def make(self) -> Node:
        kernel = self._key.role is Role.DECLARATION
        found = (declaration if kernel else facts)(self._module, self._key.name)
        for reference, line in found.references.items():
            self._reference(reference, line)
        for place in found.imports:
            self._dynamic_import(place)
        for line in found.own_names:
            self._wildcard(line, "its own module's names", self._module.name, (self._module.name,))
        self._data(found)
        for changer in self._graph.changes.of(Definition(self._module.name, self._key.name)):
            if self._graph.names.is_kernel(changer):
                self._edges[Key(Role.DECLARATION, *changer)] = None
            else:
                self._edge(changer)
        for ran in (self._module.name, *(m for m in found.runs if self._graph.names.exists(m))):
            if not self._graph.names.in_toolchain(ran):
                self._edges[Key(Role.IMPORT, ran)] = None
        return Node(
            f"{self._module.name}.{self._key.name}",
            self._module.path,
            found.line,
            found.hash,
            tuple(sorted(self._links)),
            found.members,
            (*self._edges, *(k for k in self._through if k not in self._edges)),
            tuple(self._wildcards),
            {k: w for k, w in self._through.items() if k not in self._edges},
        )

    def _edge(self, target: Target) -> None:
        key = key_of(target)
        if key is not None and key.role is Role.DEFINITION and self._key.role is Role.MECHANISM:
            key = key._replace(role=Role.MECHANISM)
        if key is not None and key != self._key:
            self._edges[key] = None

    def _reference(self, reference: Reference, line: int) -> None:
        found = self._graph.names.follow(self._module, reference)
        self._links.append(f"{reference} = {' or '.join('.'.join((str(t), *rest)) for t, rest in found)}")
        for target, _ in found:
            self._edge(target)
            if isinstance(target, ModuleItself):
                self._edges[Key(Role.IMPORT, target.module)] = None
                self._wildcard(line, str(reference), target.module, self._graph.reach.below(target.module))

    def _dynamic_import(self, place: DynamicImport) -> None:
        for pattern in self._graph.reach.patterns(self._module, place):
            modules = self._graph.reach.modules(pattern)
            for module in modules:
                self._edges[Key(Role.IMPORT, module)] = None
                for target in self._graph.names.member(module, place.attributes[0]) if place.attributes else ():
                    self._edge(target)
            if not place.attributes:
                below = self._graph.reach.below(pattern) if "*" not in pattern else modules
                self._wildcard(place.line, place.text, pattern, below)

    def _wildcard(self, line: int, what: str, scope: str, modules: tuple[str, ...]) -> None:
        if self._key.role is Role.MECHANISM:
            return
        wildcard = Wildcard(self._module.path, line, what, scope)
        self._wildcards.append(wildcard)
        for target in self._graph.reach.everything(modules):
            if (key := key_of(target)) is not None and key != self._key:
                self._through.setdefault(key, wildcard)

    def _data(self, found: Facts) -> None:
        files = self._graph.files
        for node, scope, line in found.literals:
            for text in self._graph.evaluator.strings(self._module, node, scope):
                if "*" not in text:
                    if path := files.named(text, self._module.path):
                        self._edges[Key(Role.FILE, "", path)] = None
                else:
                    self._files(text, "a name of a file", line)
        for node, scope, line in found.folders:
            for text in self._graph.evaluator.strings(self._module, node, scope):
                self._files(f"{text.rstrip('/')}/*", "a folder that is listed", line)

    def _files(self, pattern: str, what: str, line: int) -> None:
        """All data files that a pattern can name."""
        if matching := self._graph.files.matching(pattern, self._module.path):
            wildcard = Wildcard(self._module.path, line, what, pattern)
            self._wildcards.append(wildcard)
            self._through.update(dict.fromkeys((Key(Role.FILE, "", p) for p in matching), wildcard))
