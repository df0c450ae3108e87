"""What a graph asks of a device, as traits: an op, and whatever it has beyond the plainest use of that op; pure.

``conv2d`` is one, ``conv2d: kernel of 5 or more`` another, ``interpolate: mode bilinear``, ``cumsum: on int64``. What devices
bound is said in steps, from the easy to the hard: a kernel of 7 has the traits of one of 5 too, so a device that ran it is
known to run both, and one that refused 5 is not asked about 7 as if nothing were known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import gcd
from typing import Any

from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph, Node, TensorType, is_weight
from mcore.platform.ops import registry

#: Of what is stored: traits of another version have other words, and are no evidence.
VERSION = 1
#: Where the steps are. Between two of them devices are not told apart.
_KERNELS = (2, 3, 4, 5, 6, 7, 8, 11, 16, 32)
_RANKS = (4, 5, 6, 7, 8)
_CHANNELS = (129, 257, 513, 1025, 2049, 4097)
_MULTIPLES = (2, 4, 8, 16, 32, 64)
_STRIDES = (2, 3, 4, 8)
_DILATIONS = (2, 3, 5, 9)


def traits_of(graphs: Iterable[Graph]) -> tuple[str, ...]:
    """The traits of a bundle's graphs, each once, in alphabetical order."""
    return tuple(sorted({trait for graph in graphs for node in graph.nodes for trait in _of_node(graph, node)}))


def op_of(trait: str) -> str:
    """The op that a trait is of."""
    return trait.partition(":")[0]


def _of_node(graph: Graph, node: Node) -> Iterator[str]:
    yield node.op
    for trait in _beyond_the_plain(graph, node):
        yield f"{node.op}: {trait}"


def _beyond_the_plain(graph: Graph, node: Node) -> Iterator[str]:
    op = registry.get(node.op)
    attributes = op.normalise(node.attributes)
    plain = {a.name: a.default if a.default is registry.REQUIRED else a.normalise(a.default) for a in op.attributes}
    for name, value in attributes.items():
        if isinstance(value, str | bool | DType) and value != plain[name]:
            yield f"{name} {value}"
    values = [kind for kind in _types(graph, node) if kind is not None]
    yield from (f"on {kind.dtype.value}" for kind in values if kind.dtype is not DType.FLOAT32)
    yield from _steps("rank", max((len(kind.shape) for kind in values), default=0), _RANKS)
    yield from _window(graph, node, attributes)
    yield from _channels(graph, node)


def _window(graph: Graph, node: Node, attributes: Mapping[str, Any]) -> Iterator[str]:
    """What convolutions and pools have: kernel, stride, dilation, groups."""
    kernel = _numbers(attributes.get("kernel_size"))
    if node.op.startswith("conv") and (weight := graph.type_of(node.inputs[1] or "")) is not None:
        kernel = _numbers(weight.shape[2:])
        groups = attributes.get("groups", 1)
        if isinstance(groups, int) and groups > 1:
            yield "depthwise" if groups == weight.shape[0] else "grouped"
    yield from _steps("kernel", max(kernel, default=0), _KERNELS)
    yield from _steps("stride", max(_numbers(attributes.get("stride")), default=0), _STRIDES)
    yield from _steps("dilation", max(_numbers(attributes.get("dilation")), default=0), _DILATIONS)


def _channels(graph: Graph, node: Node) -> Iterator[str]:
    """Of images the second axis, of rows of features the last one; what is not fixed is none of the graph's."""
    ends = [graph.type_of(name) for name in (*node.inputs[:1], *node.outputs[:1]) if name is not None]
    sizes = [kind.shape[1 if len(kind.shape) > 3 else -1] for kind in ends if kind is not None and len(kind.shape) > 1]
    counts = _numbers(sizes)
    yield from _steps("channels", max(counts, default=0), _CHANNELS)
    if common := gcd(*counts):
        yield from (f"channels that are no multiple of {multiple}" for multiple in _MULTIPLES if common % multiple)


def _types(graph: Graph, node: Node) -> list[TensorType | None]:
    """Of what the node reads and makes, the weights apart: these are stored in any type that a device likes."""
    names = (*(name for name in node.inputs if name is not None and not is_weight(name)), *node.outputs)
    return [graph.type_of(name) for name in names]


def _steps(what: str, value: int, steps: Iterable[int]) -> Iterator[str]:
    yield from (f"{what} of {step} or more" for step in steps if value >= step)


def _numbers(value: Any) -> list[int]:
    given = value if isinstance(value, tuple | list) else (value,)
    return [size for size in given if type(size) is int]
