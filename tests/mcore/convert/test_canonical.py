"""Graphs from recorded nodes: what is left out, names, and how two graphs differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcore.convert.canonical import canonical, difference
from mcore.convert.recorder import Value
from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph, Node, Symbol, TensorType

KIND = TensorType(DType.FLOAT32, (symbol("N"), 4))


def build(nodes: list[Node], outputs: dict[str, str], weights: tuple[str, ...] = ()) -> tuple[Graph, dict[str, str]]:
    return canonical(
        nodes,
        inputs={"x": KIND},
        outputs={name: Value(value, KIND) for name, value in outputs.items()},
        types={name: KIND for node in nodes for name in node.outputs},
        weights=dict.fromkeys(weights, TensorType(DType.FLOAT32, (4,))),
        symbols={"N": Symbol("N"), "H": Symbol("H")},
        guards=(),
    )


RELU = Node("relu", ("x",), ("%0",), {}, "act", "ReLU")
TANH = Node("tanh", ("%0",), ("%1",), {}, "", "Net")


def test_values_are_named_after_module_and_op():
    graph, names = build([RELU, TANH], {"out": "%1"})
    assert names == {"%0": "act.relu", "%1": "tanh"}
    assert graph.nodes[1].inputs == ("act.relu",)
    assert graph.outputs == {"out": "tanh"}
    assert set(graph.types) == {"x", "act.relu", "tanh"}


def test_dead_nodes_unused_weights_and_loose_symbols_are_left_out():
    dead = Node("add", ("%0", "@b"), ("%2",))
    used = Node("add", ("%0", "@a"), ("%3",))
    graph, names = build([RELU, dead, used], {"out": "%3"}, ("b", "a"))
    assert [node.op for node in graph.nodes] == ["relu", "add"]
    assert "%2" not in names
    assert list(graph.weights) == ["a"]
    assert list(graph.symbols) == ["N"]


def test_names_are_numbered_from_the_second_and_avoid_the_inputs():
    nodes = [replace(RELU, module="", inputs=("x",), outputs=(f"%{i}",)) for i in range(3)]
    cat = Node("cat", ("%0", "%1", "%2"), ("%3",))
    _, names = build([*nodes, cat], {"out": "%3"})
    assert list(names.values()) == ["relu", "relu_1", "relu_2", "cat"]
    _, names = canonical(
        [Node("relu", ("relu",), ("%0",))],
        inputs={"relu": KIND},
        outputs={"out": Value("%0", KIND)},
        types={"%0": KIND},
        weights={},
        symbols={},
        guards=(),
    )
    assert names == {"%0": "relu_1"}


def test_several_outputs_are_numbered_from_zero():
    graph, _ = build([Node("chunk", ("x",), ("%0", "%1"), {"chunks": 2})], {"out": "%1"})
    assert graph.nodes[0].outputs == ("chunk.0", "chunk.1")
    assert graph.outputs == {"out": "chunk.1"}


def changed(graph: Graph, index: int, **fields: object) -> Graph:
    nodes = list(graph.nodes)
    nodes[index] = replace(nodes[index], **fields)
    return replace(graph, nodes=tuple(nodes))


GRAPH = build([RELU, Node("mul", ("%0",), ("%1",), {"other": 2}, "body", "Body")], {"out": "%1"})[0]


@pytest.mark.parametrize(
    ("other", "clause"),
    [
        (changed(GRAPH, 1, op="add"), "body (Body) computes mul at one size, body add at the other"),
        (changed(GRAPH, 1, inputs=("x",)), "body (Body): mul takes act.relu at one size, x at the other"),
        (changed(GRAPH, 1, attributes={"other": 3}), "body (Body): other of mul is 2 at one size, 3 at the other"),
        (changed(GRAPH, 1, attributes={"other": 2.0}), "body (Body): other of mul is 2 at one size, 2.0 at the other"),
        (changed(GRAPH, 1, attributes={}), "body (Body): other of mul is 2 at one size, None at the other"),
        (changed(GRAPH, 0, source="GELU"), "act (ReLU): relu differs between the sizes"),
        (replace(GRAPH, nodes=GRAPH.nodes[:1]), "body (Body) computes mul at one size only"),
        (replace(GRAPH, outputs={"out": "act.relu"}), "the outputs of the network depend on the size"),
        (replace(GRAPH, metadata={"result": ["out"]}), "the form of the result of the network depend on the size"),
    ],
)
def test_the_first_difference_is_a_clause(other, clause):
    assert difference(GRAPH, other) == clause
    assert difference(other, GRAPH) is not None


def test_types_count_and_guards_do_not():
    other = replace(GRAPH, types={**GRAPH.types, "act.relu": TensorType(DType.FLOAT32, (4, 4))})
    assert difference(GRAPH, other) == "act (ReLU): relu gives another type at the other size"
    assert difference(GRAPH, replace(GRAPH, guards=("any",))) is None
    assert difference(GRAPH, GRAPH) is None
