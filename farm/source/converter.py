"""The code that converts: it shapes every bundle, so all that it reaches counts for every architecture, as one thing.

What only computes on devices does not: it is in their fingerprint, and a change of it asks for new verdicts on the same bundle.
"""

from __future__ import annotations

from farm.source.catalogue import Catalogue
from farm.source.facts import Member, digest
from farm.source.graph import Graph, Key, Node, Role
from farm.source.names import Cache, Definition, Names
from farm.source.tree import SourceTree

#: Name of the node; its members are the converter's definitions, each by its name and file.
CONVERTER = "<converter>"


def converter_node(tree: SourceTree, catalogue: Catalogue, cache: Cache | None = None) -> Node | None:
    """The converter of a tree as one node; ``None`` where the tree lacks it."""
    names = Names(tree, catalogue.converting(), cache)
    root = _root(names, catalogue.converter)
    if root is None:
        return None
    graph = Graph(tree, names)
    nodes = [graph.node(key) for key in graph.reached([root])]
    members = sorted(Member(_placed(node), digest((node.name, node.own, *node.links)), node.line) for node in nodes)
    first = graph.node(root)
    own = digest(part for member in members for part in (member.name, member.hash))
    wildcards = tuple(sorted({w for node in nodes for w in node.wildcards}))
    return Node(CONVERTER, first.file, first.line, own, members=tuple(members), wildcards=wildcards)


def _root(names: Names, full: str) -> Key | None:
    module_name, _, name = full.rpartition(".")
    module = names.module(module_name)
    if module is None or (module.error is None and name not in module.bindings):
        return None
    (target, *_) = names.member(module_name, name)
    return Key(Role.DEFINITION, *target) if isinstance(target, Definition) else None


def _placed(node: Node) -> str:
    return node.name if node.name == node.file else f"{node.name.rpartition('.')[2]} ({node.file})"
