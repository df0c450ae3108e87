"""Graphs as values: binding of symbols, guards, sub-graphs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, GuardError
from mcore.platform.graph import Graph, Guard, Node, Symbol, TensorType, is_weight

N, H, W = symbol("N"), symbol("H"), symbol("W")
F32 = DType.FLOAT32
SYMBOLS = {"N": Symbol("N", 1, 8), "H": Symbol("H", 32, 512, 32), "W": Symbol("W", 1, 512)}


def image(*shape):
    return TensorType(F32, shape or (N, 3, H, W))


def graph(inputs=None, *, symbols=SYMBOLS, guards=(), nodes=(), outputs=None):
    inputs = inputs or {"x": image()}
    return Graph(inputs, outputs or {"out": "x"}, tuple(nodes), {}, dict(inputs), symbols, tuple(guards))


def test_binding_reads_the_symbols_off_the_shapes():
    assert graph().bind({"x": (2, 3, 64, 97)}) == {"N": 2, "H": 64, "W": 97}


def test_a_graph_without_symbols_binds_to_nothing():
    fixed = graph({"x": image(1, 3, 224, 224)}, symbols={})
    assert fixed.bind({"x": (1, 3, 224, 224)}) == {}


def test_a_multiple_of_a_symbol_is_solved():
    pyramid = graph({"fine": image(N, 8, 2 * H, 2 * W), "coarse": image(N, 8, H, W)})
    assert pyramid.bind({"fine": (1, 8, 64, 30), "coarse": (1, 8, 32, 15)}) == {"N": 1, "H": 32, "W": 15}


def test_other_expressions_are_checked_once_their_symbols_are_known():
    pyramid = graph({"coarse": image(N, 8, (H + 1) // 2, W), "fine": image(N, 8, H, W)})
    assert pyramid.bind({"coarse": (1, 8, 16, 15), "fine": (1, 8, 32, 15)})["H"] == 32
    with pytest.raises(GraphError, match=r"'coarse' has shape \(1, 8, 17, 15\), the graph wants \(1, 8, 16, 15\)"):
        pyramid.bind({"coarse": (1, 8, 17, 15), "fine": (1, 8, 32, 15)})


@given(st.integers(1, 8), st.integers(1, 16), st.integers(1, 512))
def test_every_legal_size_binds_to_itself(batch, rows, width):
    symbols = {"N": batch, "H": 32 * rows, "W": width}
    assert graph().bind({"x": image().concrete(symbols)}) == symbols


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({}, "inputs are x; missing or unknown: x"),
        ({"x": (1, 3, 32, 32), "y": (1,)}, "missing or unknown: y"),
        ({"x": (3, 32, 32)}, "input 'x' has rank 3, the graph wants 4"),
        ({"x": (1, 4, 32, 32)}, r"has shape \(1, 4, 32, 32\), the graph wants \(1, 3, 32, 32\)"),
    ],
)
def test_shapes_that_no_symbol_explains_are_refused(shapes, message):
    with pytest.raises(GraphError, match=message):
        graph().bind(shapes)


def test_inputs_must_agree_on_a_symbol():
    two = graph({"a": image(N, 3, H, W), "b": image(N, 1, H, W)})
    with pytest.raises(GraphError, match="input 'b' has shape"):
        two.bind({"a": (1, 3, 32, 32), "b": (2, 1, 32, 32)})


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((9, 3, 32, 32), r"N = 9 is outside 1\.\.8$"),
        ((1, 3, 48, 32), r"H = 48 is outside 32\.\.512, multiples of 32"),
        ((1, 3, 544, 32), "H = 544 is outside"),
        ((0, 3, 32, 32), "N = 0 is outside"),
    ],
)
def test_a_size_out_of_range_is_a_guard_error(shape, message):
    with pytest.raises(GuardError, match=message):
        graph().bind({"x": shape})


def test_a_size_that_its_factor_does_not_divide_is_a_guard_error():
    with pytest.raises(GuardError, match=r"31 is no multiple of 2, as a size of 2\*W must be"):
        graph({"x": image(N, 3, H, 2 * W)}).bind({"x": (1, 3, 32, 31)})


def test_a_symbol_that_no_input_tells_is_a_graph_error():
    with pytest.raises(GraphError, match="'x' does not tell its sizes: size symbol 'H' has no value"):
        graph({"x": image(N, 3, H + 1, W)}).bind({"x": (1, 3, 33, 32)})
    with pytest.raises(GraphError, match="no input has the size H"):
        graph({"x": image(N, 3, 32, W)}).bind({"x": (1, 3, 32, 32)})


GUARD = Guard(">", H // 32, 7, "models/swin.py:12")


def test_a_guard_that_does_not_hold_names_the_line_that_asked():
    guarded = graph(guards=[GUARD])
    assert guarded.bind({"x": (1, 3, 256, 32)})["H"] == 256
    with pytest.raises(GuardError, match=r"needs \(\(H\) // 32\) > 7 \(models/swin.py:12\)"):
        guarded.bind({"x": (1, 3, 224, 32)})


@pytest.mark.parametrize(
    ("relation", "below", "same", "above"),
    [
        ("==", False, True, False),
        ("!=", True, False, True),
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
    ],
)
def test_relations_of_guards(relation, below, same, above):
    guard = Guard(relation, H, W + 1)
    assert [guard.holds({"H": h, "W": 4}) for h in (4, 5, 6)] == [below, same, above]


def chain():
    nodes = [
        Node("relu", ("x",), ("a",)),
        Node("split", ("a",), ("b", "c"), {"split_size_or_sections": (1, 2), "dim": 1}),
        Node("conv2d", ("b", "@w", None), ("d",)),
        Node("tanh", ("c",), ("e",)),
        Node("add", ("d", "e"), ("f",)),
    ]
    return graph(nodes=nodes, outputs={"out": "f", "extra": "a"})


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (["a"], ["relu"]),
        (["d"], ["relu", "split", "conv2d"]),
        (["c"], ["relu", "split"]),
        (["e", "b"], ["relu", "split", "tanh"]),
        (["f"], ["relu", "split", "conv2d", "tanh", "add"]),
        (["x"], []),
    ],
)
def test_fetching_keeps_what_the_values_need(values, kept):
    part = chain().fetching(values)
    assert [node.op for node in part.nodes] == kept
    assert part.outputs == {v: v for v in values}
    assert part.inputs == chain().inputs


def test_fetching_leaves_the_graph_as_it_was():
    whole = chain()
    whole.fetching(["a"])
    assert whole == chain()


def test_weights_are_told_by_their_names():
    assert is_weight("@layer1.0.conv1.weight")
    assert not is_weight("layer1")
