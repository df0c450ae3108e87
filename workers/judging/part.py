"""One node of a network as a bundle of its own, for running it alone on golden inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mcore.platform.bundle import Bundle, Sample
from mcore.platform.dims import concrete
from mcore.platform.dtypes import DType
from mcore.platform.graph import WEIGHT_PREFIX, Graph, Node, is_weight
from mcore.platform.ops import registry
from mcore.platform.ops.promotion import type_of
from mcore.platform.runtime import Mode, Program

#: Kind of a bundle that is a part of another one, whose identity it keeps.
KIND = "part"


@dataclass(frozen=True, slots=True)
class Part:
    """A node, the golden values that it reads and the golden values that it must make of them, by name.

    ``inputs`` lacks weights. ``signature`` tells the op, and element type and sizes of all that it reads, such as
    ``linear(float32[1, 64], float32[10, 64])``.
    """

    bundle: Bundle
    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    signature: str


def is_part(bundle: Bundle) -> bool:
    """Whether a bundle is a node that runs alone; the simulated device asks, to strike just what it strikes in the whole."""
    return bundle.manifest.kind == KIND


def values_read(node: Node) -> list[str]:
    """Names of what a node reads, weights aside."""
    return list(dict.fromkeys(i for i in node.inputs if i is not None and not is_weight(i)))


def given_to(
    node: Node, inputs: Mapping[str, np.ndarray], weights: Mapping[str, np.ndarray]
) -> list[np.ndarray | None]:
    """What a node reads, in its order."""
    return [_given(i, inputs, weights) for i in node.inputs]


def computed(node: Node, given: Sequence[np.ndarray | None]) -> dict[str, np.ndarray]:
    """What the plain kernel makes of a node whose attributes are concrete, by name."""
    return dict(zip(node.outputs, registry.get(node.op).compute(given, node.attributes), strict=True))


def part_of(bundle: Bundle, graph: Graph, node: Node, sample: Sample) -> Part:
    """``node`` of ``graph``, which is the graph of ``bundle`` for ``sample``.

    Golden values are computed here by the Platform's own runtime, without Winograd, from the sample's inputs: no larger in
    memory than the network itself.
    """
    shapes = {name: value.shape for name, value in sample.inputs.items()}
    read = values_read(node)
    inner = [name for name in read if name not in sample.inputs]
    values = dict(sample.inputs)
    if inner:
        values |= Program(graph.fetching(inner), bundle.weights, shapes, mode=Mode.EXACT).run(sample.inputs)
    return part_on(bundle, graph, node, {name: values[name] for name in read}, graph.bind(shapes))


def part_on(
    bundle: Bundle, graph: Graph, node: Node, inputs: Mapping[str, np.ndarray], symbols: Mapping[str, int]
) -> Part:
    """``node`` of ``graph`` on the golden values that it reads, by name, and what the plain kernel makes of them.

    ``symbols`` are the sizes of the graph's own inputs (:meth:`Graph.bind`).
    """
    alone = replace(node, attributes={name: concrete(v, symbols) for name, v in node.attributes.items()})
    weights = {name: bundle.weights[name] for name in weights_read(node)}
    given = given_to(node, inputs, weights)
    outputs = computed(alone, given)
    types = {name: type_of(value) for name, value in {**inputs, **outputs}.items()}
    small = Graph(
        inputs={name: types[name] for name in inputs},
        outputs={name: name for name in node.outputs},
        nodes=(alone,),
        weights={name: graph.weights[name] for name in weights},
        types=types,
    )
    manifest = replace(bundle.manifest, kind=KIND)
    signature = f"{node.op}({', '.join('None' if value is None else _type_text(value) for value in given)})"
    return Part(Bundle(manifest, (small,), weights, ()), inputs, outputs, signature)


def weights_read(node: Node) -> list[str]:
    """Names of the weights that a node reads."""
    return [i.removeprefix(WEIGHT_PREFIX) for i in node.inputs if i is not None and is_weight(i)]


def _given(name: str | None, inputs: Mapping[str, np.ndarray], weights: Mapping[str, np.ndarray]) -> np.ndarray | None:
    if name is None:
        return None
    return weights[name.removeprefix(WEIGHT_PREFIX)] if is_weight(name) else inputs[name]


def _type_text(value: np.ndarray) -> str:
    return f"{DType.of(value)}{list(value.shape)}"
