"""Graphs of unknown origin that are well formed: whatever their attributes say, they must be planned and run, or refused."""

from __future__ import annotations

import importlib
import json
from math import prod
from random import Random
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import PlatformError
from mcore.platform.format import graph_from_bytes, graph_to_bytes
from mcore.platform.format.attributes import decode
from mcore.platform.format.typed import Item
from mcore.platform.graph import Graph, Node, Symbol, TensorType
from mcore.platform.ops import registry
from mcore.platform.ops.registry import Attribute
from mcore.platform.runtime import Mode, Program
from tests.mcore.platform.format.hostile import BROKEN, JUNK, by_bytes, structural
from tests.mcore.platform.ops.examples import Example, array

#: What comes of a document that is no graph, read without the reader's care.
NONSENSE = (*BROKEN, PlatformError, ArithmeticError)
_HELD = 1 << 20
_WORDS = ["none", "tanh", "reflect", "circular", "replicate", "constant", "bilinear", "bicubic", "nearest", "floor"]
_LENGTHS = {"single": 1, "pair": 2, "size_pair": 2, "float_pair": 2}
_EXAMPLES = ("test_examples_layers", "test_examples_values")


def examples() -> list[Example]:
    """The worked examples of the op set: at least one for nearly every op."""
    modules = [importlib.import_module(f"tests.mcore.platform.ops.{name}") for name in _EXAMPLES]
    return [example for module in modules for example in module.EXAMPLES]


def graph_of(example: Example) -> Graph:
    """A graph of one node; its first input is the graph's, the others are weights, as those of layers are."""
    arrays = [array(i) for i in example.inputs]
    kinds = [None if a is None else TensorType(DType.of(a), a.shape) for a in arrays]
    names = ["x" if i == 0 else f"@w{i}" for i in range(len(kinds))]
    made = registry.get(example.op).types(kinds, example.attributes)
    outputs = {f"v{i}": kind for i, kind in enumerate(made)}
    node = Node(
        example.op,
        tuple(None if kind is None else name for name, kind in zip(names, kinds, strict=True)),
        tuple(outputs),
        example.attributes,
    )
    inputs = {"x": kinds[0]} if kinds and kinds[0] is not None else {}
    weights = {n[1:]: k for n, k in zip(names, kinds, strict=True) if k is not None and n != "x"}
    return Graph(inputs, {"out": "v0"}, (node,), weights, {**inputs, **outputs})


def document_of(example: Example) -> bytes:
    """The graph of an example as JSON."""
    return graph_to_bytes(graph_of(example))


def mutated(data: bytes, random: Random) -> bytes:
    """``data`` (a graph's JSON) with other ops and attributes, mostly; sometimes with anything else changed."""
    content = json.loads(data)
    if random.random() < 0.1 or not content["nodes"]:
        return json.dumps(structural(content, random)).encode()
    node = random.choice(content["nodes"])
    for _ in range(random.randint(1, 2)):
        if random.random() < 0.1 or node["op"] not in registry.names() or not registry.get(node["op"]).attributes:
            node["op"] = random.choice(registry.names())
        else:
            attribute = random.choice(registry.get(node["op"]).attributes)
            node["attributes"][attribute.name] = value(attribute, random)
    return json.dumps(content).encode()


def with_sound_types(data: bytes, random: Random) -> bytes:
    """As :func:`mutated`, and the types of all values are made to follow, so that the reader lets it through, if it can be."""
    try:
        changed = mutated(data, random)
    except BROKEN:  # an earlier mutation left no form to change
        return by_bytes(data, random)
    try:
        return graph_to_bytes(repaired(changed))
    except NONSENSE:
        return changed


def value(attribute: Attribute, random: Random) -> Any:
    """A value of an attribute, mostly of its kind: numbers of every size, and junk."""
    kind = attribute.kind.removesuffix("?")
    if random.random() < 0.1:
        return json.loads(json.dumps(random.choice(JUNK)))
    if kind in ("bool", "str", "dtype"):
        return random.choice({"bool": [False, True], "str": _WORDS, "dtype": [str(d) for d in DType]}[kind])
    if kind in ("int", "size") or random.random() < 0.3:
        return number(random)
    if kind in ("float", "number", "scalar"):
        return random.choice([number(random), float(number(random)), random.random() * number(random)])
    return [number(random) for _ in range(_LENGTHS.get(kind) or random.randint(0, 6))]


def number(random: Random) -> int:
    """Mostly a small one."""
    if random.random() < 0.75:
        return random.choice([0, 1, 1, 2, 2, 3, 4, 5, 7, -1, -2])
    return random.choice([1, -1]) * (2 ** random.randint(3, 62) + random.randint(-1, 1))


def repaired(data: bytes) -> Graph:
    """The graph that ``data`` means, its types as the ops' own rules have them; raises one of ``NONSENSE`` if there is none."""
    content = json.loads(data)
    inputs = {kind["name"]: _type(kind) for kind in content["inputs"]}
    weights = {name: _type(kind) for name, kind in content["weights"].items()}
    types = {**inputs, **{f"@{name}": kind for name, kind in weights.items()}}
    nodes = []
    for raw in content["nodes"]:
        attributes = {name: decode(Item(v, "graph.json", name)) for name, v in raw["attributes"].items()}
        made = registry.get(raw["op"]).types([None if i is None else types[i] for i in raw["inputs"]], attributes)
        names = [output["name"] for output in raw["outputs"]][: len(made)]
        names += [f"{names[0]}+{i}" for i in range(len(names), len(made))]
        types.update(zip(names, made, strict=True))
        nodes.append(Node(raw["op"], tuple(raw["inputs"]), tuple(names), attributes))
    graph = Graph(
        inputs,
        {output["name"]: output["value"] for output in content["outputs"]},
        tuple(nodes),
        weights,
        {name: kind for name, kind in types.items() if name[0] != "@"},
        {name: Symbol(name, **limits) for name, limits in content["symbols"].items()},
        metadata=content["metadata"],
    )
    return graph_from_bytes(graph_to_bytes(graph))


def _type(kind: Any) -> TensorType:
    return TensorType(DType(kind["dtype"]), tuple(Item(kind["shape"], "graph.json").shape()))


def run(graph: Graph) -> None:
    """Plan and run ``graph`` in both ways on ones; raises ``PlatformError`` where it is refused."""
    given = [*graph.inputs.values(), *graph.weights.values()]
    if graph.symbols or any(prod(kind.concrete({})) > _HELD for kind in given):
        return  # who has an input of this size, or a file with such a weight, has the memory for it
    weights = {n: np.ones(k.concrete({}), k.dtype.numpy) for n, k in graph.weights.items()}
    shapes = {n: k.concrete({}) for n, k in graph.inputs.items()}
    inputs = {n: np.ones(shape, graph.inputs[n].dtype.numpy) for n, shape in shapes.items()}
    for mode in (Mode.DEFAULT, Mode.REFERENCE):
        outputs = Program(graph, weights, shapes, mode).run(inputs)
        assert outputs.keys() == graph.outputs.keys()


def one_line(error: PlatformError) -> None:
    """Fail unless the error is one printable line of bearable length."""
    assert str(error).isprintable(), ascii(str(error))
    assert len(str(error)) < 5000, len(str(error))


def check(data: bytes) -> None:
    """The property: a graph is refused with one line, or runs."""
    try:
        graph = repaired(data)
    except NONSENSE:
        return  # reading is another target's matter
    try:
        run(graph)
    except PlatformError as error:
        one_line(error)
