"""From a symbolic graph to concrete nodes: numbers for symbols, arrays for weights, inferred types for every value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import mcore.platform.ops  # noqa: F401  (fills the registry)
from mcore.platform.dims import Expr, concrete
from mcore.platform.errors import GraphError
from mcore.platform.graph import WEIGHT_PREFIX, Graph, Node, TensorType, is_weight
from mcore.platform.ops import registry
from mcore.platform.runtime import limits
from mcore.platform.runtime.constants import Constants, Weight
from mcore.platform.weights import kind_of

Kernel = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class BoundNode:
    """A node whose attributes are numbers, complete and in canonical form.

    ``kernel`` replaces the op's own where the caller injected one. ``label`` says where the node comes from, for errors.
    """

    op: str
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    label: str
    kernel: Kernel | None = None

    @property
    def operands(self) -> tuple[str, ...]:
        """The inputs that are present."""
        return tuple(i for i in self.inputs if i is not None)

    def compute(self, arrays: Sequence[np.ndarray | None], types: Mapping[str, TensorType]) -> tuple[np.ndarray, ...]:
        """Outputs by the plain or the injected kernel; raises :class:`GraphError` where they are not of the inferred types."""
        op = registry.get(self.op)
        if self.kernel is None:
            results = op.compute(arrays, self.attributes)
        else:
            missing = 0 if op.variadic else len(op.inputs) - len(arrays)
            made = self.kernel(*arrays, *[None] * missing, **self.attributes)
            results = tuple(np.asarray(r) for r in (made if isinstance(made, tuple) else (made,)))
        if len(results) != len(self.outputs):
            raise GraphError(f"{self.label}: the kernel made {len(results)} outputs, the graph has {len(self.outputs)}")
        for name, array in zip(self.outputs, results, strict=True):
            wanted = types[name]
            if array.shape != wanted.shape or array.dtype != wanted.dtype.numpy:
                raise GraphError(
                    f"{self.label}: the kernel made {array.dtype} {array.shape}, the graph wants {wanted.dtype} {wanted.shape}"
                )
        return results


@dataclass(frozen=True, slots=True)
class Binding:
    """A graph for one set of input shapes.

    ``types`` holds the concrete type of every value; ``constants`` what is known before any input, by value name. Outputs map
    the graph's output names to value names.
    """

    inputs: Mapping[str, TensorType]
    outputs: Mapping[str, str]
    nodes: tuple[BoundNode, ...]
    types: Mapping[str, TensorType]
    constants: Constants


def bind(
    graph: Graph,
    weights: Mapping[str, np.ndarray],
    shapes: Mapping[str, Sequence[int]],
    kernels: Mapping[str, Kernel] | None = None,
) -> Binding:
    """Bind ``graph`` to input ``shapes``.

    Raises:
        GraphError: shapes or weights do not fit the graph, or the graph is not well formed.
        GuardError: a size that the capture did not cover.
        ResourceError: a value does not fit in the memory of this machine.
    """
    symbols = graph.bind(shapes)
    kernels = dict(kernels or {})
    for name in kernels:
        registry.get(name)
    inputs = {name: TensorType(kind.dtype, kind.concrete(symbols)) for name, kind in graph.inputs.items()}
    constants = _constants(graph, weights)
    types = dict(inputs) | {name: graph.weights[name.removeprefix(WEIGHT_PREFIX)] for name in constants}
    nodes = []
    known: dict[Expr, int] = {}
    for position, node in enumerate(graph.nodes):
        bound = _bound(node, position, symbols, known, kernels.get(node.op))
        _infer(bound, types)
        _check_limits(bound, types)
        nodes.append(bound)
    for output, name in graph.outputs.items():
        if name not in types:
            raise GraphError(f"output {output!r} is {name!r}, which no node makes")
    return Binding(inputs, dict(graph.outputs), tuple(nodes), types, constants)


def _constants(graph: Graph, weights: Mapping[str, np.ndarray]) -> Constants:
    """The weights that the nodes and outputs use, by value name."""
    used = {i for node in graph.nodes for i in node.inputs if i is not None} | set(graph.outputs.values())
    recipes: dict[str, Callable[[], np.ndarray]] = {}
    for value in sorted(filter(is_weight, used)):
        name = value.removeprefix(WEIGHT_PREFIX)
        if name not in graph.weights or name not in weights:
            raise GraphError(f"weight {name!r} is missing")
        dtype, shape = kind_of(weights, name)
        wanted = graph.weights[name]
        if dtype != wanted.dtype.numpy or shape != wanted.shape:
            raise GraphError(f"weight {name!r} is {dtype} {shape}, the graph wants {wanted.dtype} {wanted.shape}")
        recipes[value] = Weight(weights, name)
    return Constants(recipes)


def _bound(
    node: Node, position: int, symbols: Mapping[str, int], known: dict[Expr, int], kernel: Kernel | None
) -> BoundNode:
    label = f"node {position} ({node.op}{' of ' + node.module if node.module else ''})"
    try:
        attributes = registry.get(node.op).normalise(
            {k: concrete(v, symbols, known) for k, v in node.attributes.items()}
        )
    except (GraphError, ValueError) as error:
        raise GraphError(f"{label}: {error}") from None
    return BoundNode(node.op, node.inputs, node.outputs, attributes, label, kernel)


def _infer(node: BoundNode, types: dict[str, TensorType]) -> None:
    """Add the types of the node's outputs to ``types``."""
    for name in node.operands:
        if name not in types:
            raise GraphError(f"{node.label}: input {name!r} is not defined before it")
    try:
        made = registry.get(node.op).types([types[i] if i is not None else None for i in node.inputs], node.attributes)
    except GraphError as error:
        raise type(error)(f"{node.label}: {error}") from None
    if len(made) != len(node.outputs):
        raise GraphError(f"{node.label}: the op makes {len(made)} outputs, the graph names {len(node.outputs)}")
    for name, kind in zip(node.outputs, made, strict=True):
        if name in types:
            raise GraphError(f"{node.label}: {name!r} is defined twice")
        types[name] = TensorType(kind.dtype, kind.concrete({}))


def _check_limits(node: BoundNode, types: Mapping[str, TensorType]) -> None:
    """Raise where the node asks for more than any machine, or this one, can give."""
    for name in node.outputs:
        limits.check_type(f"{node.label}: the result", types[name])
    if node.operands:
        x, *others = (types[name] for name in node.operands)
        limits.check_windows(node.label, node.attributes, x, others[0] if others else None)
