"""From what a trace wrote down to the graph: only what the outputs need, under names that do not depend on the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mcore.convert.recorder import Value
from mcore.platform.graph import WEIGHT_PREFIX, Graph, Guard, Node, Symbol, TensorType, is_weight


def canonical(
    nodes: Sequence[Node],
    *,
    inputs: Mapping[str, TensorType],
    outputs: Mapping[str, Value],
    types: Mapping[str, TensorType],
    weights: Mapping[str, TensorType],
    symbols: Mapping[str, Symbol],
    guards: Iterable[Guard],
) -> tuple[Graph, dict[str, str]]:
    """The graph, and the final name of each value that is in it by its provisional one.

    Nodes that no output needs are left out, and so are weights that no node takes. A value is named after the module and the
    op that made it (``layer1.0.conv1.conv2d``), numbered from the second on.
    """
    kept = _live(nodes, [v.name for v in outputs.values()])
    names = _names(kept, inputs)
    renamed = tuple(_renamed(node, names) for node in kept)
    wanted = {i for n in renamed for i in n.inputs if i is not None} | {v.name for v in outputs.values()}
    used = {name: kind for name, kind in weights.items() if WEIGHT_PREFIX + name in wanted}
    bound = {
        name for kind in inputs.values() for size in kind.shape if not isinstance(size, int) for name in size.symbols()
    }
    graph = Graph(
        inputs=dict(inputs),
        outputs={name: names.get(value.name, value.name) for name, value in outputs.items()},
        nodes=renamed,
        weights=dict(sorted(used.items())),
        types={**inputs, **{names[v]: types[v] for node in kept for v in node.outputs}},
        symbols={name: symbol for name, symbol in symbols.items() if name in bound},
        guards=tuple(guards),
    )
    return graph, names


def _live(nodes: Sequence[Node], outputs: Iterable[str]) -> list[Node]:
    wanted = set(outputs)
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs):
            kept.append(node)
            wanted.update(name for name in node.inputs if name is not None)
    return kept[::-1]


def _names(nodes: Sequence[Node], inputs: Iterable[str]) -> dict[str, str]:
    """Final names of the values that ``nodes`` define: a function of modules, ops and order alone."""
    taken = set(inputs)
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for node in nodes:
        stem = f"{node.module}.{node.op}" if node.module else node.op
        while True:
            count = counts.get(stem, 0)
            counts[stem] = count + 1
            base = f"{stem}_{count}" if count else stem
            own = [base] if len(node.outputs) == 1 else [f"{base}.{i}" for i in range(len(node.outputs))]
            if taken.isdisjoint(own):
                break
        taken.update(own)
        names.update(zip(node.outputs, own, strict=True))
    return names


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    inputs = tuple(name if name is None or is_weight(name) else names.get(name, name) for name in node.inputs)
    return replace(node, inputs=inputs, outputs=tuple(names[name] for name in node.outputs))


def difference(a: Graph, b: Graph) -> str | None:
    """The first thing in which two graphs differ but for guards, as a clause; ``None`` if they are the same."""
    for first, second in zip(a.nodes, b.nodes, strict=False):
        where = f"{first.module or 'the root module'} ({first.source})"
        if (first.op, first.module) != (second.op, second.module):
            return f"{where} computes {first.op} at one size, {second.module or 'the root module'} {second.op} at the other"
        if first.inputs != second.inputs:
            return (
                f"{where}: {first.op} takes {_listed(first.inputs)} at one size, {_listed(second.inputs)} at the other"
            )
        for name in sorted({*first.attributes, *second.attributes}):
            left, right = first.attributes.get(name), second.attributes.get(name)
            if left != right or type(left) is not type(right):
                return f"{where}: {name} of {first.op} is {_shown(left)} at one size, {_shown(right)} at the other"
        for left_name, right_name in zip(first.outputs, second.outputs, strict=False):
            if (left_name, a.types[left_name]) != (right_name, b.types[right_name]):
                return f"{where}: {first.op} gives another type at the other size"
        if first != second:
            return f"{where}: {first.op} differs between the sizes"
    if len(a.nodes) != len(b.nodes):
        longer = max(a, b, key=lambda g: len(g.nodes)).nodes[min(len(a.nodes), len(b.nodes))]
        return f"{longer.module or 'the root module'} ({longer.source}) computes {longer.op} at one size only"
    for name, left, right in (
        ("outputs", a.outputs, b.outputs),
        ("weights and constants", a.weights, b.weights),
        ("inputs", a.inputs, b.inputs),
        ("form of the result", a.metadata, b.metadata),
    ):
        if left != right:
            return f"the {name} of the network depend on the size"
    return None


def _listed(names: Iterable[str | None]) -> str:
    return ", ".join(str(n) for n in names)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(str, value))})"
    return str(value)
