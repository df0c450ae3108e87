"""Faults that strike the network itself: one inner value that comes out wrong, or one weight that does.

A value is struck by a node more behind the one that makes it, outside of the runtime: its op is one that the network does not
use, and its kernel spoils what passes through. So a value is struck in a part of the network as in all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mcore.platform.bundle import Bundle
from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph, Node

Strike = Callable[[np.ndarray], np.ndarray]

#: Ops of one input that keep its type, rare enough that a network lacks most of them.
_CARRIERS = ("acosh", "asinh", "atanh", "cosh", "sinh", "tan", "expm1", "log1p", "acos", "asin")
#: Where no value is named, the first of one of these is struck.
_HEAVY = ("conv2d", "linear", "matmul", "conv1d", "conv3d")


def flipped_bit(value: np.ndarray) -> np.ndarray:
    """The sign bit of the largest element, the one that no later op is likely to hide."""
    struck = value.copy()
    if struck.size:
        struck.flat[np.abs(struck).argmax()] *= -1
    return struck


def narrow_sums(value: np.ndarray) -> np.ndarray:
    """As an accumulator of bfloat16 leaves it: eight significant bits, the rest cut off."""
    if value.dtype != np.float32:
        return value.astype(np.float16).astype(value.dtype)
    return (value.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def swapped_layout(value: np.ndarray) -> np.ndarray:
    """The elements in the order of channels last, read as if in that of channels first; a vector backwards."""
    if value.ndim < 3 or 1 in (value.shape[1], int(np.prod(value.shape[2:]))):
        return np.ascontiguousarray(value[..., ::-1])
    return np.ascontiguousarray(np.moveaxis(value, 1, -1)).reshape(value.shape)


#: By the name of the fault.
STRIKES: Mapping[str, Strike] = {
    "bit_flip_activation": flipped_bit,
    "wrong_accumulation": narrow_sums,
    "wrong_layout": swapped_layout,
}


def struck(
    bundle: Bundle, strikes: Sequence[tuple[str, Strike]]
) -> tuple[tuple[Graph, ...], dict[str, Callable[..., Any]]]:
    """The graphs of ``bundle`` with each value struck, and the kernels that do it.

    A strike is a value's name and what becomes of it.

    Raises:
        ValueError: the network has no such value of floating point, or uses every op that could carry a strike.
    """
    free = free_ops(bundle.graphs)
    if len(strikes) > len(free):
        raise ValueError(f"faults: a network of these ops can carry {len(free)} faults of values at a time")
    kernels: dict[str, Callable[..., Any]] = {}
    graphs = bundle.graphs
    for op, (target, strike) in zip(free, strikes, strict=False):
        kernels[op] = _kernel(strike)
        if not any(_makes(graph, target) for graph in graphs):
            raise ValueError(f"faults: {target!r} is no inner value of floating point of this network")
        graphs = tuple(behind(graph, [target], op, "sound") if _makes(graph, target) else graph for graph in graphs)
    return graphs, kernels


def flipped_weight(bundle: Bundle, name: str) -> dict[str, np.ndarray]:
    """The weights with one bit flipped in ``name``; raises ``ValueError`` where there is no such weight."""
    weights = dict(bundle.weights)
    if name not in weights:
        raise ValueError(f"faults: the network has no weight {name!r} to flip a bit of")
    weights[name] = flipped_bit(weights[name])
    return weights


def first_matrix(bundle: Bundle) -> str:
    """The first weight that is a matrix or a kernel, ``""`` where there is none."""
    return next((name for name, value in bundle.weights.items() if value.ndim > 1 and value.dtype.kind == "f"), "")


def first_heavy(bundle: Bundle) -> str:
    """The first value that a convolution or a product makes, else the first of floating point, else ``""``."""
    graph = bundle.graphs[0]
    heavy = [node.outputs[0] for node in graph.nodes if node.op in _HEAVY]
    return next((name for name in [*heavy, *strikable(graph)] if _is_float(graph, name)), "")


def strikable(graph: Graph) -> list[str]:
    """The values of a graph that can be struck, in its order."""
    return [name for node in graph.nodes for name in node.outputs if _is_float(graph, name)]


def _kernel(strike: Strike) -> Callable[..., Any]:
    return lambda value, **_: strike(np.asarray(value))


def free_ops(graphs: Sequence[Graph]) -> list[str]:
    """Ops that none of ``graphs`` uses, and that keep the type of their only input: their kernels can be anything."""
    used = {node.op for graph in graphs for node in graph.nodes}
    return [op for op in _CARRIERS if op not in used]


def behind(
    graph: Graph,
    values: Sequence[str],
    op: str,
    before: str,
    attributes: Callable[[str], Mapping[str, Any]] = lambda name: {},
) -> Graph:
    """``graph`` with a node ``op`` between the node that makes each of ``values`` and all that read it.

    What the node itself makes is then called ``<value>.<before>``; ``attributes`` are the new node's, by value.
    """
    chosen = set(values)
    nodes: list[Node] = []
    for node in graph.nodes:
        outputs = tuple(f"{name}.{before}" if name in chosen else name for name in node.outputs)
        nodes.append(replace(node, outputs=outputs))
        nodes += [
            Node(op, (new,), (name,), attributes(name), node.module, node.source)
            for name, new in zip(node.outputs, outputs, strict=True)
            if new != name
        ]
    return replace(
        graph, nodes=tuple(nodes), types={**graph.types, **{f"{v}.{before}": graph.types[v] for v in values}}
    )


def _makes(graph: Graph, value: str) -> bool:
    return value not in graph.inputs and value in graph.types and _is_float(graph, value)


def _is_float(graph: Graph, value: str) -> bool:
    return graph.types[value].dtype in (DType.FLOAT16, DType.FLOAT32, DType.FLOAT64)
