import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.format import check_graph, limits
from mcore.platform.format.check import place
from mcore.platform.graph import Graph, Guard, Node, Symbol, TensorType
from mcore.platform.ops import registry
from tests.mcore.platform.format.networks import Builder, graphs, small_graph

N, H, W, Z = (symbol(s) for s in "NHWZ")
HALF = (H + 1) // 2, (W + 1) // 2


def refused(graph: Graph, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        check_graph(graph)
    assert str(caught.value) == f"graph.json: {message}"


def with_node(index: int, **changes) -> Graph:
    graph = small_graph()
    nodes = list(graph.nodes)
    nodes[index] = replace(nodes[index], **changes)
    return replace(graph, nodes=tuple(nodes))


def with_type(name: str, *shape, dtype: DType = DType.FLOAT32) -> Graph:
    graph = small_graph()
    return replace(graph, types={**graph.types, name: TensorType(dtype, shape)})


@settings(max_examples=40)
@given(graphs())
def test_what_the_ops_make_is_well_formed(graph):
    check_graph(graph)


def test_a_node_is_named_by_index_op_and_module():
    assert place(3, Node("conv2d", (), (), module="layer1.0.conv1")) == "nodes[3] (conv2d, layer1.0.conv1)"
    assert place(0, Node("add", (), ())) == "nodes[0] (add, root)"


def test_ops_and_attributes():
    refused(with_node(1, op="relv"), "nodes[1] (relv, act): unknown op 'relv'")
    refused(with_node(1, attributes={"x": 1}), "nodes[1] (relu, act): op 'relu' has no attribute 'x'")
    refused(with_node(1, inputs=()), "nodes[1] (relu, act): op 'relu' needs input 'x'")
    refused(with_node(1, inputs=("v0", "v0")), "nodes[1] (relu, act): op 'relu' takes 1 inputs, got 2")


def test_values_are_defined_before_they_are_used():
    refused(with_node(1, inputs=("nowhere",)), "nodes[1] (relu, act): input 'nowhere' is not defined")
    refused(with_node(1, inputs=("v1",)), "nodes[1] (relu, act): input 'v1' is defined only later")
    refused(with_node(1, inputs=("v3",)), "nodes[1] (relu, act): input 'v3' is defined only later")
    refused(with_node(1, inputs=("@stem",)), "nodes[1] (relu, act): input '@stem' is not defined")
    graph = small_graph()
    refused(
        replace(graph, nodes=graph.nodes[::-1]),
        "nodes[0] (add, root): input 'v1' is defined only later",
    )


def test_names_are_unique_and_names():
    refused(with_node(1, outputs=("x",)), "nodes[1] (relu, act): value 'x' is defined twice")
    refused(with_node(1, outputs=("v0",)), "nodes[1] (relu, act): value 'v0' is defined twice")
    refused(with_node(1, outputs=("@v",)), "nodes[1] (relu, act): '@v' is not the name of a value")
    refused(with_node(1, outputs=("v 1",)), "nodes[1] (relu, act): 'v 1' is not the name of a value")
    refused(with_node(3, outputs=()), "nodes[3] (add, root): a node without outputs")
    graph = small_graph()
    refused(replace(graph, outputs={"a b": "v3"}), "outputs: 'a b' is not a name")
    refused(replace(graph, outputs={}), "outputs: a graph without outputs")
    refused(replace(graph, outputs={"out": "v9"}), "outputs: output 'out' is 'v9', which nothing defines")
    refused(
        replace(graph, weights={**graph.weights, "@w": graph.weights["stem.bias"]}),
        "weights: '@w' is not the name of a weight",
    )


def test_an_output_may_be_an_input_or_a_weight():
    graph = small_graph()
    check_graph(replace(graph, outputs={"a": "x", "b": "@stem.bias", "c": "v3"}))
    assert graph.type_of("@stem.bias") == TensorType(DType.FLOAT32, (4,))
    assert graph.type_of("@x") is None
    assert graph.type_of("stem.bias") is None


def test_types_are_those_of_the_values_and_no_others():
    graph = small_graph()
    refused(replace(graph, types={**graph.types, "v9": graph.types["v0"]}), "nodes: types and values differ: 'v9'")
    fewer = {name: kind for name, kind in graph.types.items() if name != "v1"}
    refused(replace(graph, types=fewer), "nodes: types and values differ: 'v1'")
    refused(with_type("x", N, 3, H, H), "inputs: input 'x' has two types")


@pytest.mark.parametrize(
    ("shape", "dtype", "shown"),
    [
        ((N, 4, (H + 1) // 2, W), DType.FLOAT32, f"float32[N, 4, {HALF[0]}, W]"),
        ((N, 4, (H + 1) // 2), DType.FLOAT32, f"float32[N, 4, {HALF[0]}]"),
        ((N, 4, (H + 1) // 2, (W + 1) // 2), DType.FLOAT16, f"float16[N, 4, {HALF[0]}, {HALF[1]}]"),
        ((), DType.BOOL, "bool[]"),
    ],
)
def test_a_declared_type_is_what_the_op_makes(shape, dtype, shown):
    refused(
        with_type("v1", *shape, dtype=dtype),
        f"nodes[1] (relu, act): output 'v1' is declared {shown}, the op makes float32[N, 4, {HALF[0]}, {HALF[1]}]",
    )


def test_as_many_outputs_as_the_op_has():
    graph = with_node(1, outputs=("v1", "extra"))
    graph = replace(graph, types={**graph.types, "extra": graph.types["v1"]})
    refused(graph, "nodes[1] (relu, act): 2 outputs, the op has 1")


def test_shapes_that_do_not_fit_are_the_files_fault():
    graph = with_node(2, inputs=("x", "@body.weight", None))
    with pytest.raises(FormatError, match=r"^graph\.json: nodes\[2\] \(conv2d, body\): op 'conv2d': "):
        check_graph(graph)


@pytest.mark.parametrize("error", [ZeroDivisionError, IndexError, KeyError, TypeError, ValueError, AttributeError])
def test_a_rule_that_trips_over_a_file_is_a_format_error(monkeypatch, error):
    def infer(x):
        raise error("tripped")

    graph = small_graph()
    monkeypatch.setitem(registry._OPS, "relu", replace(registry.get("relu"), infer=infer))
    with pytest.raises(FormatError, match=r"^graph\.json: nodes\[1\] \(relu, act\): .*tripped"):
        check_graph(graph)


@pytest.mark.parametrize(
    "wanted",
    [Symbol("H", 0, 5), Symbol("H", 5, 4), Symbol("H", 1, 2**49), Symbol("H", 1, 5, 0), Symbol("H", 1.5, 5)],  # type: ignore[arg-type]
)
def test_ranges_of_symbols(wanted):
    graph = small_graph()
    refused(replace(graph, symbols={**graph.symbols, "H": wanted}), "symbols: symbol 'H' has an impossible range")


def test_symbols_are_declared_and_follow_from_the_inputs():
    graph = small_graph()
    symbols = dict(graph.symbols)
    refused(
        replace(graph, symbols={**symbols, "Z": Symbol("Z")}),
        "symbols: symbol 'Z' does not follow from the shape of any input",
    )
    refused(replace(graph, symbols={**symbols, "h": Symbol("H")}), "symbols: 'h' is not the name of a symbol")
    refused(replace(graph, symbols={**symbols, "a-b": Symbol("a-b")}), "symbols: 'a-b' is not the name of a symbol")
    del symbols["W"]
    refused(replace(graph, symbols=symbols), "inputs (x): size W has an undeclared symbol 'W'")
    guard = Guard("<", H, Z // 2)
    refused(replace(graph, guards=(guard,)), f"guards[0]: size {Z // 2} has an undeclared symbol 'Z'")
    refused(with_type("v0", N, 4, Z, W), "nodes[0] (conv2d, stem): size Z has an undeclared symbol 'Z'")


def test_a_symbol_may_follow_from_a_multiple_of_it():
    b = Builder()
    b.inputs["x"] = b.types["x"] = TensorType(DType.FLOAT32, (2 * N, 3, H * 32, 4 * W))
    check_graph(b.graph(out="x"))
    b.inputs["x"] = b.types["x"] = TensorType(DType.FLOAT32, (N, 3, H + 1, W))
    refused(b.graph(out="x"), "symbols: symbol 'H' does not follow from the shape of any input")
    b.inputs["x"] = b.types["x"] = TensorType(DType.FLOAT32, (N, 3, H * W, W))
    refused(b.graph(out="x"), "symbols: symbol 'H' does not follow from the shape of any input")


def test_guards_are_relations_with_a_printable_source():
    graph = small_graph()
    refused(replace(graph, guards=(Guard("~", H, 1),)), "guards[0]: relation '~' is none of == != < <= > >=")
    refused(replace(graph, guards=(Guard("<", H, 1, "a\nb"),)), "guards[0]: source is not a printable line")
    refused(with_node(0, module="a\n"), r"nodes[0] (conv2d, 'a\n'): module or source is not a printable line")
    refused(with_node(0, source="x" * 5000), "nodes[0] (conv2d, stem): module or source is not a printable line")


def test_weights_have_shapes_in_numbers():
    graph = small_graph()
    weights = {**graph.weights, "extra": TensorType(DType.FLOAT32, (H,))}
    refused(replace(graph, weights=weights), "weights (extra): the shape of a weight is in numbers")
    weights["extra"] = TensorType(DType.FLOAT32, (-1,))
    refused(replace(graph, weights=weights), "weights (extra): a shape with size -1")
    weights["extra"] = TensorType(DType.FLOAT32, (2**30, 2**30))
    refused(replace(graph, weights=weights), f"weights (extra): more than {limits.ELEMENTS} elements")
    weights["extra"] = TensorType(DType.FLOAT32, (1,) * 17)
    refused(replace(graph, weights=weights), "weights (extra): rank 17, the limit is 16")


def test_the_number_of_nodes_is_capped(monkeypatch):
    monkeypatch.setattr(limits, "NODES", 3)
    refused(small_graph(), "nodes: 4 nodes, the limit is 3")


HOSTILE = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 2, 3, 2**62, -(2**62), 0.0, -1.5, math.inf, "", "none", "float16"]),
    st.sampled_from([H, H // 2, H - W, H * W * N, -H, (), (0,), (-1,), (2, 2), (0, 0), (-1, -1), (H, -1), (1, H, W)]),
    st.lists(st.sampled_from([0, 1, -1, 3, 2**62, H, H // (W - 3), 1.5, None, "x"]), max_size=5).map(tuple),
)
SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 2**47, N, H, W, H // 2, H - 5, H * W]), max_size=5).map(tuple)


@pytest.mark.parametrize("name", registry.names())
@settings(max_examples=25)
@given(data=st.data())
def test_no_op_trips_over_what_a_file_may_say(name, data):
    """Whatever inputs and attributes a file gives to an op, the answer is a refusal or a type, soon."""
    op = registry.get(name)
    values = {f"i{i}": TensorType(data.draw(st.sampled_from(DType)), data.draw(SHAPES)) for i in range(3)}
    known = {"x": TensorType(DType.FLOAT32, (N, 3, H, W)), **values}
    slots = [*op.inputs, *["?"] * op.variadic]
    inputs = tuple(data.draw(st.sampled_from([*known, None] if "?" in slot else [*known])) for slot in slots)
    attributes = {a.name: data.draw(HOSTILE) for a in op.attributes if data.draw(st.booleans())}
    symbols = {s: Symbol(s, 1, 512) for s in "NHW"}
    graph = Graph(
        known, {"out": "y"}, (Node(name, inputs, ("y",), attributes),), {}, {**known, "y": known["x"]}, symbols
    )
    try:
        check_graph(graph)
    except FormatError as error:
        assert str(error).startswith("graph.json: ")  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
