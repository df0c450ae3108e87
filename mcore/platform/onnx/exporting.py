"""A graph of the Platform as an ONNX model.

Written once for every size where that is possible: sizes that depend on the inputs' are then computed in the model, from their
shapes. Where a form depends on a size itself (a table of weights for ``interpolate`` to a size, say), the model is written for
one size of the inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import helper, numpy_helper

from mcore.platform.bfloat16 import is_bfloat16
from mcore.platform.dims import Expr, concrete, scaled_symbol
from mcore.platform.graph import Graph, Node, TensorType
from mcore.platform.onnx.emitter import Emitter, element_type
from mcore.platform.onnx.table import REFUSED, WRITERS, NoForm, Value
from mcore.platform.ops import registry
from mcore.platform.ops.rules import Size

#: The operator set that models are written in: the first with ``Gelu`` and with grid samples of volumes; runtimes of vendors
#: that are a few years old read it.
OPSET = 20
#: The file format that goes with it.
IR_VERSION = 9

#: Bytes of weights that fit into one file of protocol buffers, with room for the graph.
LARGEST = (1 << 31) - (1 << 26)


@dataclass(frozen=True, slots=True)
class Exported:
    """An ONNX model; its inputs and outputs are in the order of the graph's, ``outputs`` are the graph's names for them.

    An output that has the name of an input is called ``<name>.out`` in the model.
    """

    model: onnx.ModelProto
    outputs: tuple[str, ...]


def export(graph: Graph, weights: Mapping[str, np.ndarray], sizes: Mapping[str, int] | None = None) -> Exported:
    """``graph`` as a model with ``weights``: for every size, or with ``sizes``, numbers by symbol, for these.

    Raises:
        NoForm: an op has no form in ONNX; the text names it and says why.
        NeedsSizes: it takes ``sizes`` to write the graph.
    """
    if sum(array.nbytes for array in weights.values()) > LARGEST:
        raise NoForm(f"weights of more than {LARGEST >> 20} MiB do not fit into one ONNX file")
    if sizes is not None:
        graph = at_sizes(graph, sizes)
    e = Emitter(_sources(graph))
    values = {name: Value(name, kind) for name, kind in graph.inputs.items()}
    values |= {f"@{name}": Value(f"@{name}", kind) for name, kind in graph.weights.items()}
    used = {name for node in graph.nodes for name in node.inputs if name is not None} | set(graph.outputs.values())
    for node in graph.nodes:
        for name, written in zip(node.outputs, write(e, node, values, graph.types), strict=True):
            values[name] = Value(written, graph.types[name])
    for name, value in graph.outputs.items():
        e.nodes.append(helper.make_node("Identity", [values[value].name], [_output(graph, name)]))
    initializers = [_initializer(name, weights[name[1:]]) for name in sorted(used & {f"@{w}" for w in graph.weights})]
    made = helper.make_graph(
        e.nodes,
        str(graph.metadata.get("architecture", "platform")),
        [_info(name, kind) for name, kind in graph.inputs.items()],
        [_info(_output(graph, name), values[value].type) for name, value in graph.outputs.items()],
        [*initializers, *e.constants.values()],
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="mcore.platform"
    )
    return Exported(model, tuple(graph.outputs))


def write(e: Emitter, node: Node, values: Mapping[str, Value], types: Mapping[str, TensorType]) -> tuple[str, ...]:
    """The operators of one node; returns the names of its results. Raises :class:`NoForm` with the op's name in front."""
    op = registry.get(node.op)
    if node.op in REFUSED:
        raise NoForm(f"{node.op}: {REFUSED[node.op]}")
    e.out = tuple(types[name] for name in node.outputs)
    inputs = [None if name is None else values[name] for name in node.inputs]
    try:
        for kind in (*e.out, *(value.type for value in inputs if value is not None)):
            element_type(kind.dtype)
        made = WRITERS[node.op](e, *inputs, **op.normalise(node.attributes))
    except NoForm as reason:
        raise NoForm(f"{node.op}: {reason}") from None
    return made if isinstance(made, tuple) else (made,)


def at_sizes(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """``graph`` with numbers for its symbols."""
    known: dict[Expr, int] = {}

    def fixed(kind: TensorType) -> TensorType:
        return TensorType(kind.dtype, kind.concrete(sizes, known))

    nodes = [
        replace(n, attributes={k: concrete(v, sizes, known) for k, v in n.attributes.items()}) for n in graph.nodes
    ]
    return replace(
        graph,
        inputs={name: fixed(kind) for name, kind in graph.inputs.items()},
        types={name: fixed(kind) for name, kind in graph.types.items()},
        nodes=tuple(nodes),
    )


def alone(graph: Graph, node: Node) -> Graph:
    """One node of a graph without symbols as a graph of its own, whose inputs are all that the node reads."""
    read = {name: kind for name in node.inputs if name is not None and (kind := graph.type_of(name)) is not None}
    types = {name: graph.types[name] for name in node.outputs}
    return Graph(
        inputs=read, outputs={name: name for name in types}, nodes=(node,), weights={}, types={**read, **types}
    )


def typical_sizes(graph: Graph) -> dict[str, int] | None:
    """Sizes that the graph admits, to look at its ops with; ``None`` where none of a few common ones is legal."""
    for wanted in (64, 224, 32, 128, 96, 256, 16, 8, 1, 512):
        sizes = {
            s.name: -(-max(s.minimum, min(wanted, s.maximum)) // s.multiple_of) * s.multiple_of
            for s in graph.symbols.values()
        }
        if all(guard.holds(sizes) for guard in graph.guards):
            return sizes
    return None


def _sources(graph: Graph) -> dict[str, tuple[str, int, int]]:
    """Where each symbol can be read off: an input, its axis, and what the symbol is multiplied by there."""
    found: dict[str, tuple[str, int, int]] = {}
    for name, kind in graph.inputs.items():
        for axis, size in enumerate(kind.shape):
            if (scaled := scaled_symbol(size)) is not None:
                symbol, factor = scaled
                found.setdefault(symbol, (name, axis, factor))
    return found


def _output(graph: Graph, name: str) -> str:
    return f"{name}.out" if name in graph.inputs else name


def _info(name: str, kind: TensorType) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, element_type(kind.dtype), [_dim(size) for size in kind.shape])


def _dim(size: Size) -> int | str | None:
    return size if isinstance(size, int) else str(size) if str(size).isidentifier() else None


def _initializer(name: str, array: np.ndarray) -> onnx.TensorProto:
    if is_bfloat16(array):
        raise NoForm(f"weight {name[1:]!r}: the element type bfloat16 is not written")
    return numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
