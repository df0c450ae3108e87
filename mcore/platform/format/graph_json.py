"""``graph.json``: a graph as canonical JSON, and back.

::

    {
    "format":"platform-graph",
    "guards":[{"left":"H","relation":">","right":32,"source":"stem (models/x.py:12)"}],
    "inputs":[{"dtype":"float32","name":"x","shape":["N",3,"H","W"]}],              in the order of forward
    "metadata":{...},
    "nodes":[
    {"attributes":{"stride":[2,2]},"inputs":["x","@conv1.weight",null],"module":"conv1","op":"conv2d",
     "outputs":[{"dtype":"float32","name":"v0","shape":["N",64,["//",["+","H",1],2],["//",["+","W",1],2]]}],"source":"Conv2d"},
    "opset":1,
    "outputs":[{"name":"out","value":"v9"}],                                        in the network's order
    "symbols":{"H":{"maximum":4096,"minimum":33,"multiple_of":1}},
    "version":[1,0],
    "weights":{"conv1.weight":{"dtype":"float32","shape":[64,3,7,7]}}
    }

The same graph makes the same bytes, and there is one way only to write a graph: bytes that are not canonical are refused. Sizes
are prefix lists (:mod:`mcore.platform.dims`); attributes are as :mod:`mcore.platform.format.attributes` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mcore.platform import dims, ops  # noqa: F401  (importing ops fills the registry)
from mcore.platform.dims import MAX_VALUE
from mcore.platform.errors import FormatError, GraphError
from mcore.platform.format import canonical, limits
from mcore.platform.format.attributes import decode, encode, non_default, normalised
from mcore.platform.format.check import RELATIONS, check_graph, place
from mcore.platform.format.typed import Item
from mcore.platform.graph import FORMAT, OPSET, VERSION, Graph, Guard, Node, Symbol, TensorType
from mcore.platform.ops import registry

FILE = "graph.json"


def graph_to_bytes(graph: Graph, *, file: str = FILE) -> bytes:
    """``graph`` as the bytes of ``file``, after :func:`check_graph`; raises :class:`FormatError`."""
    with _named(file):
        return _to_bytes(graph)


def graph_from_bytes(data: bytes | memoryview, *, file: str = FILE) -> Graph:
    """Read ``file``.

    Raises:
        FormatError: the bytes are not the canonical form of a well-formed graph of this version and op set; names the place.
    """
    with _named(file):
        return _from_bytes(data)


@contextmanager
def _named(file: str) -> Iterator[None]:
    """A graph does not know which file of a bundle it is in: places in ``graph.json`` become places in ``file``."""
    try:
        yield
    except FormatError as error:
        if file == FILE or not error.where.startswith(FILE):
            raise
        raise FormatError(error.what, where=file + error.where.removeprefix(FILE), hint=error.hint) from None


def _to_bytes(graph: Graph) -> bytes:
    check_graph(graph)
    return canonical.document(
        {
            "format": FORMAT,
            "version": list(VERSION),
            "opset": OPSET,
            "symbols": {
                s.name: {"minimum": s.minimum, "maximum": s.maximum, "multiple_of": s.multiple_of}
                for s in graph.symbols.values()
            },
            "inputs": [{"name": name, **_type(kind)} for name, kind in graph.inputs.items()],
            "outputs": [{"name": name, "value": value} for name, value in graph.outputs.items()],
            "guards": [_guard(guard) for guard in graph.guards],
            "weights": {name: _type(kind) for name, kind in graph.weights.items()},
            "nodes": [_node(graph, i) for i in range(len(graph.nodes))],
            "metadata": canonical.plain(graph.metadata, where=f"{FILE}: metadata"),
        }
    )


def _from_bytes(data: bytes | memoryview) -> Graph:
    root = Item(canonical.parse(data, where=FILE, limit=limits.GRAPH_BYTES), FILE)
    _check_version(root)
    fields = root.record(
        ("format", "version", "opset", "symbols", "inputs", "outputs", "guards", "weights", "nodes", "metadata")
    )
    inputs = _unique(fields["inputs"], fields["inputs"].each(_read_value))
    nodes = [_read_node(item) for item in fields["nodes"].items(limits.NODES)]
    types = dict(inputs)
    for index, (node, outputs) in enumerate(nodes):
        for name, kind in outputs:
            if name in types:
                raise FormatError(f"value {name!r} is defined twice", where=f"{FILE}: {place(index, node)}")
            types[name] = kind
    graph = Graph(
        inputs=inputs,
        outputs=_unique(fields["outputs"], fields["outputs"].each(_read_output)),
        nodes=tuple(node for node, _ in nodes),
        weights={name: _read_type(item) for name, item in fields["weights"].mapping().items()},
        types=types,
        symbols={name: _read_symbol(name, item) for name, item in fields["symbols"].mapping().items()},
        guards=fields["guards"].each(_read_guard),
        metadata=fields["metadata"].plain(),
    )
    _check_canonical(_to_bytes(graph), data)
    return graph


def _type(kind: TensorType) -> dict[str, Any]:
    return {"dtype": kind.dtype.value, "shape": [dims.to_json(size) for size in kind.shape]}


def _guard(guard: Guard) -> dict[str, Any]:
    left, right = dims.to_json(guard.left), dims.to_json(guard.right)
    return {"left": left, "relation": guard.relation, "right": right, "source": guard.source}


def _node(graph: Graph, index: int) -> dict[str, Any]:
    node = graph.nodes[index]
    try:
        attributes = non_default(registry.get(node.op), node.attributes)
        return {
            "op": node.op,
            "inputs": list(node.inputs),
            "outputs": [{"name": name, **_type(graph.types[name])} for name in node.outputs],
            "attributes": {name: encode(value) for name, value in attributes.items()},
            "module": node.module,
            "source": node.source,
        }
    except GraphError as error:
        raise FormatError(str(error), where=f"{FILE}: {place(index, node)}") from None


def _check_version(root: Item) -> None:
    if not isinstance(root.value, dict) or root.value.get("format") != FORMAT:
        root.refuse(f"not a {FORMAT}")
    version, opset = root.value.get("version"), root.value.get("opset")
    if version != list(VERSION):
        root.refuse(f"version {str(version)[:40]} of the format", f"this Platform reads {list(VERSION)}")
    if isinstance(opset, bool) or opset != OPSET:
        root.refuse(f"op set {str(opset)[:40]}", f"this Platform has op set {OPSET}")


def _check_canonical(wanted: bytes, data: bytes | memoryview) -> None:
    found = bytes(data)
    if found == wanted:
        return
    lines = zip(found.split(b"\n"), wanted.split(b"\n"), strict=False)
    number = next((i for i, (a, b) in enumerate(lines, 1) if a != b), wanted.count(b"\n") + 1)
    raise FormatError(
        f"line {number} is not in canonical form", where=FILE, hint="write it through mcore.platform.format"
    )


def _unique(where: Item, pairs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        where.refuse("a name is given twice")
    return result


def _read_type(item: Item) -> TensorType:
    fields = item.record(("dtype", "shape"))
    return TensorType(fields["dtype"].dtype(), fields["shape"].shape())


def _read_value(item: Item) -> tuple[str, TensorType]:
    fields = item.record(("name", "dtype", "shape"))
    return fields["name"].name(), TensorType(fields["dtype"].dtype(), fields["shape"].shape())


def _read_output(item: Item) -> tuple[str, str]:
    fields = item.record(("name", "value"))
    return fields["name"].name(), fields["value"].name()


def _read_symbol(name: str, item: Item) -> Symbol:
    fields = item.record(("minimum", "maximum", "multiple_of"))
    return Symbol(name, *(fields[key].integer(0, MAX_VALUE) for key in ("minimum", "maximum", "multiple_of")))


def _read_guard(item: Item) -> Guard:
    fields = item.record(("relation", "left", "right", "source"))
    if fields["relation"].value not in RELATIONS:
        fields["relation"].refuse(f"expected one of {' '.join(RELATIONS)}")
    return Guard(fields["relation"].value, fields["left"].size(), fields["right"].size(), fields["source"].text())


def _read_node(item: Item) -> tuple[Node, tuple[tuple[str, TensorType], ...]]:
    fields = item.record(("op", "inputs", "outputs", "attributes", "module", "source"))
    outputs = fields["outputs"].each(_read_value)
    node = Node(
        op=fields["op"].name(),
        inputs=fields["inputs"].each(lambda i: None if i.value is None else i.name()),
        outputs=tuple(name for name, _ in outputs),
        attributes={name: decode(value) for name, value in fields["attributes"].mapping().items()},
        module=fields["module"].text(),
        source=fields["source"].text(),
    )
    try:
        # Canonical values (an element type, a float) stand in the graph, as they did when it was written.
        values = normalised(registry.get(node.op), node.attributes)
    except GraphError as error:
        raise FormatError(str(error), where=f"{item.where} ({node.op}, {node.module})") from None
    attributes = {name: values[name] for name in node.attributes}
    return Node(node.op, node.inputs, node.outputs, attributes, node.module, node.source), outputs
