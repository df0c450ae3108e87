import numpy as np
import pytest

from mcore.platform import dims
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import Graph, Node, Symbol
from mcore.platform.runtime.binding import bind
from tests.mcore.platform.runtime.graphs import Sketch

H = dims.symbol("H")


def resizing() -> tuple[Sketch, str]:
    s = Sketch()
    s.symbols = {"H": Symbol("H")}
    x = s.input("x", 1, 2, H, 8)
    return s, s.node("interpolate", x, size=(H * 2, 5))


def test_attributes_become_numbers_and_are_complete() -> None:
    s, y = resizing()
    bound = bind(s.graph(y), s.weights, {"x": (1, 2, 6, 8)})
    (node,) = bound.nodes
    assert node.attributes["size"] == (12, 5)
    assert node.attributes["mode"] == "nearest"
    assert bound.types[y].shape == (1, 2, 12, 5)


def test_types_are_inferred_whatever_the_graph_says() -> None:
    s, y = resizing()
    graph = s.graph(y)
    lying = Graph(graph.inputs, graph.outputs, graph.nodes, graph.weights, {}, graph.symbols)
    assert bind(lying, s.weights, {"x": (1, 2, 6, 8)}).types[y].shape == (1, 2, 12, 5)


def test_weights_are_read_only_views() -> None:
    s = Sketch()
    y = s.conv(s.input("x", 1, 2, 6, 6), 3)
    bound = bind(s.graph(y), s.weights, {"x": (1, 2, 6, 6)})
    for name, array in bound.constants.items():
        assert np.shares_memory(array, s.weights[name[1:]])
        assert not array.flags.writeable
    assert all(array.flags.writeable for array in s.weights.values())


def test_weights_that_nothing_reads_are_not_asked_for() -> None:
    s = Sketch()
    y = s.node("relu", s.input("x", 3))
    s.normal(4)
    assert bind(s.graph(y), {}, {"x": (3,)}).constants == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: {}, "weight 'w0' is missing"),
        (lambda w: w | {"w0": w["w0"].astype(np.float64)}, "weight 'w0' is float64"),
        (lambda w: w | {"w1": w["w1"][:2]}, r"weight 'w1' is float32 \(2,\), the graph wants float32 \(3,\)"),
    ],
)
def test_weights_that_do_not_fit_are_named(change: object, message: str) -> None:
    s = Sketch()
    y = s.conv(s.input("x", 1, 2, 6, 6), 3)
    with pytest.raises(GraphError, match=message):
        bind(s.graph(y), change(s.weights), {"x": (1, 2, 6, 6)})


def broken(*nodes: Node, output: str = "y") -> Graph:
    s = Sketch()
    s.input("x", 2, 3)
    graph = s.graph(output)
    return Graph(graph.inputs, graph.outputs, nodes, {}, graph.types)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (broken(Node("frobnicate", ("x",), ("y",))), "node 0 .frobnicate.: unknown op 'frobnicate'"),
        (broken(Node("relu", ("z",), ("y",))), "input 'z' is not defined before it"),
        (broken(Node("relu", ("x",), ("x",)), output="x"), "'x' is defined twice"),
        (broken(Node("relu", ("x",), ("y", "z"))), "makes 1 outputs, the graph names 2"),
        (broken(Node("relu", ("x",), ("y",), {"slope": 1})), "no attribute 'slope'"),
        (broken(Node("relu", ("x",), ("y",)), output="z"), "output 'out' is 'z', which no node makes"),
        (broken(Node("relu", (), ("y",))), "needs input 'x'"),
    ],
)
def test_graphs_that_are_not_well_formed_are_refused(graph: Graph, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        bind(graph, {}, {"x": (2, 3)})


def test_shapes_that_do_not_meet_name_the_node_and_its_module() -> None:
    graph = broken(Node("reshape", ("x",), ("y",), {"shape": (4, -1)}, module="head.flat"))
    with pytest.raises(ShapeError, match=r"node 0 \(reshape of head.flat\): "):
        bind(graph, {}, {"x": (2, 3)})
