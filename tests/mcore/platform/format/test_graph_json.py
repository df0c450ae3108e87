import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError, PlatformError
from mcore.platform.format import graph_from_bytes, graph_to_bytes, limits
from mcore.platform.format.canonical import document
from mcore.platform.graph import Graph, Symbol, TensorType
from tests.mcore.platform.format.networks import Builder, graphs, small_graph

H = symbol("H")
SLOW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def shuffled(graph: Graph) -> Graph:
    """The same graph with every mapping whose order means nothing turned round."""

    def turned(mapping):
        return dict(reversed(list(mapping.items())))

    return replace(
        graph,
        nodes=tuple(replace(node, attributes=turned(node.attributes)) for node in graph.nodes),
        weights=turned(graph.weights),
        types=turned(graph.types),
        symbols=turned(graph.symbols),
        metadata=turned(graph.metadata),
    )


def edited(change, graph: Graph | None = None) -> bytes:
    """A graph's bytes after ``change`` of the parsed document, in canonical layout."""
    content = json.loads(graph_to_bytes(graph or small_graph()))
    change(content)
    return document(content)


@SLOW
@given(graphs())
def test_graphs_come_back_and_have_one_form(graph):
    data = graph_to_bytes(graph)
    found = graph_from_bytes(data)
    assert graph_to_bytes(found) == data
    assert graph_to_bytes(shuffled(graph)) == data
    assert (found.inputs, found.outputs, found.weights, found.types) == (
        graph.inputs,
        graph.outputs,
        graph.weights,
        graph.types,
    )
    assert (found.symbols, found.guards, found.metadata) == (graph.symbols, graph.guards, graph.metadata)
    for a, b in zip(found.nodes, graph.nodes, strict=True):
        assert (a.op, a.inputs, a.outputs, a.module, a.source) == (b.op, b.inputs, b.outputs, b.module, b.source)


def test_the_text_is_one_node_a_line():
    lines = graph_to_bytes(small_graph()).decode().splitlines()
    assert (
        '{"attributes":{"padding":[1,1],"stride":[2,2]},"inputs":["x","@stem.weight","@stem.bias"],"module":"stem",'
        '"op":"conv2d","outputs":[{"dtype":"float32","name":"v0","shape":["N",4,["//",["+","H",1],2],["//",["+","W",1],2]]}],'
        '"source":"Conv2d"},'
    ) in lines
    assert '"stem.weight":{"dtype":"float32","shape":[4,3,3,3]}' in lines
    assert '{"left":"H","relation":">","right":3,"source":"stem (models/networks/net.py:12)"}' in lines
    assert '"version":[1,0],' in lines
    assert sum('"op":' in line for line in lines) == 4


def test_a_changed_node_is_one_line_of_a_diff():
    b = graph_to_bytes(small_graph()).splitlines()
    graph = small_graph()
    nodes = list(graph.nodes)
    nodes[1] = replace(nodes[1], module="activation")
    a = graph_to_bytes(replace(graph, nodes=tuple(nodes))).splitlines()
    assert len(a) == len(b)
    assert sum(x != y for x, y in zip(a, b, strict=True)) == 1


def test_the_bytes_do_not_depend_on_the_hash_seed():
    program = (
        "import hashlib\n"
        "from tests.mcore.platform.format.networks import small_graph\n"
        "from mcore.platform.format import graph_to_bytes\n"
        "print(hashlib.sha256(graph_to_bytes(small_graph())).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "12345")
    }
    assert len(found) == 1


def test_defaults_left_out_and_defaults_spelt_out_are_the_same_graph():
    def graph(**attributes):
        b = Builder()
        v = b.node("conv2d", "x", b.weight("w", 2, 3, 1, 1), None, **attributes)
        return b.graph(out=v)

    assert graph_to_bytes(graph()) == graph_to_bytes(graph(stride=1, padding=(0, 0), dilation=[1, 1], groups=1))


def test_attributes_read_are_canonical_values():
    b = Builder()
    v = b.node("cast", "x", dtype="float16")
    v = b.node("leaky_relu", v, negative_slope=2)
    v = b.node("add", v, other=H // 2)
    found = graph_from_bytes(graph_to_bytes(b.graph(out=v)))
    cast, slope, add = (node.attributes for node in found.nodes)
    assert cast["dtype"] is DType.FLOAT16
    assert repr(slope["negative_slope"]) == "2.0"
    assert add["other"] == H // 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.update(format="onnx"), "graph.json: not a platform-graph"),
        (lambda g: g.pop("format"), "graph.json: not a platform-graph"),
        (lambda g: g.update(version=[2, 0]), "version [2, 0] of the format (this Platform reads [1, 0])"),
        (lambda g: g.update(version=[1, 1]), "version [1, 1] of the format"),
        (lambda g: g.update(version="1.0"), "version 1.0 of the format"),
        (lambda g: g.update(opset=2), "op set 2 (this Platform has op set 1)"),
        (lambda g: g.update(opset=True), "op set True"),
        (lambda g: g.update(extra=1), "unknown field 'extra' (written by a newer Platform?)"),
        (lambda g: g.pop("guards"), "graph.json: field 'guards' is missing"),
        (lambda g: g.update(nodes={}), "graph.json: nodes: expected a list, got an object"),
        (lambda g: g["nodes"][1].pop("module"), "graph.json: nodes[1]: field 'module' is missing"),
        (lambda g: g["nodes"][1].update(x=1), "graph.json: nodes[1]: unknown field 'x'"),
        (lambda g: g["nodes"][1].update(op="rleu"), "graph.json: nodes[1] (rleu, act): unknown op 'rleu'"),
        (lambda g: g["nodes"][1].update(op=["relu"]), "graph.json: nodes[1].op: expected a name, got a list"),
        (
            lambda g: g["nodes"][0]["attributes"].update(stride="2"),
            "graph.json: nodes[0] (conv2d, stem): op 'conv2d': attribute 'stride' must be pair, got '2'",
        ),
        (
            lambda g: g["nodes"][0]["attributes"].update(groups={"float": "inf"}),
            "graph.json: nodes[0] (conv2d, stem): op 'conv2d'",
        ),
        (
            lambda g: g["nodes"][0]["attributes"].update(colour=1),
            "graph.json: nodes[0] (conv2d, stem): op 'conv2d' has no attribute 'colour'",
        ),
        (
            lambda g: g["nodes"][2]["outputs"][0].update(name="v1"),
            "graph.json: nodes[2] (conv2d, body): value 'v1' is defined twice",
        ),
        (lambda g: g["inputs"].append(g["inputs"][0]), "graph.json: inputs: a name is given twice"),
        (lambda g: g["outputs"].append(g["outputs"][0]), "graph.json: outputs: a name is given twice"),
        (lambda g: g["inputs"][0].update(dtype="f32"), "graph.json: inputs[0].dtype: unknown element type 'f32'"),
        (lambda g: g["inputs"][0].update(shape=["N", -3]), "inputs[0].shape: a shape with a negative size"),
        (lambda g: g["inputs"][0].update(shape=["N", 2**60]), "inputs[0].shape[1]: size"),
        (lambda g: g["guards"][0].update(relation="~"), "guards[0].relation: expected one of == != < <= > >="),
        (lambda g: g["guards"][0].update(relation=[]), "guards[0].relation: expected one of"),
        (lambda g: g["symbols"]["H"].update(minimum=-1), "symbols['H'].minimum: expected an integer from 0"),
        (lambda g: g["weights"]["stem.bias"].update(shape=[True]), "weights['stem.bias'].shape[0]: a size is a number"),
        (lambda g: g.update(metadata={"s": "\ud800"}), "half of a surrogate pair"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(change, message):
    content = json.loads(graph_to_bytes(small_graph()))
    change(content)
    data = json.dumps(content).encode()
    with pytest.raises(FormatError) as caught:
        graph_from_bytes(data)
    assert str(caught.value).startswith("graph.json: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_there_is_one_way_only_to_write_a_graph():
    data = graph_to_bytes(small_graph())
    content = json.loads(data)
    spellings = {
        "indented": json.dumps(content, sort_keys=True, indent=1).encode(),
        "space at the end": data + b" ",
        "a default spelt out": edited(lambda g: g["nodes"][0]["attributes"].update(groups=1)),
        "an int for a pair": edited(lambda g: g["nodes"][0]["attributes"].update(stride=2)),
        "a float for an int": edited(lambda g: g["nodes"][0]["attributes"].update(stride=[2.0, 2])),
        "another form of a size": edited(
            lambda g: g["nodes"][0]["outputs"][0]["shape"].__setitem__(2, ["+", ["//", ["-", "H", 1], 2], 1])
        ),
    }
    for what, spelling in spellings.items():
        assert spelling != data, what
        with pytest.raises(FormatError, match=r"graph\.json: line \d+ is not in canonical form") as caught:
            graph_from_bytes(spelling)
        assert "write it through mcore.platform.format" in str(caught.value)


def test_the_place_of_a_difference_in_form_is_its_line():
    lines = graph_to_bytes(small_graph()).split(b"\n")
    number = next(i for i, line in enumerate(lines) if b'"op":"relu"' in line)
    lines[number] = lines[number].replace(b'"op":"relu"', b'"op": "relu"')
    with pytest.raises(FormatError, match=f"line {number + 1} is not"):
        graph_from_bytes(b"\n".join(lines))


def test_nodes_are_counted_before_they_are_read(monkeypatch):
    data = graph_to_bytes(small_graph())
    monkeypatch.setattr(limits, "NODES", 3)
    with pytest.raises(FormatError, match=r"graph\.json: nodes: 4 items, the limit is 3"):
        graph_from_bytes(data)


@pytest.mark.parametrize(
    "size",
    [
        ["//", "H", ["-", "H", "H"]],
        ["+"] * 3,
        ["+", "H"],
        ["H"],
        {"dim": "H"},
        None,
        1.5,
        True,
        "",
        "a b",
        2**62,
    ],
)
def test_sizes_are_sizes(size):
    with pytest.raises(FormatError, match=r"graph\.json: inputs\[0\]\.shape\[2\]"):
        graph_from_bytes(edited(lambda g: g["inputs"][0]["shape"].__setitem__(2, size)))


def deep(op: str, depth: int, argument):
    size = "H"
    for _ in range(depth):
        size = [op, size, argument]
    return size


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "size",
    [
        deep("//", 70, "W"),
        deep("%", 60, 7),
        deep("%", 60, "W"),
        deep("*", 60, ["+", "H", ["+", "W", "N"]]),
        deep("*", 60, 2**47),
        deep("max", 60, ["*", "W", "W"]),
    ],
)
def test_sizes_that_explode_are_refused_quickly(size):
    with pytest.raises(FormatError):
        graph_from_bytes(edited(lambda g: g["guards"][0].update(left=size)))


def test_a_symbol_without_range_is_refused():
    graph = small_graph()
    with pytest.raises(FormatError, match="symbol 'H' has an impossible range"):
        graph_to_bytes(replace(graph, symbols={**graph.symbols, "H": Symbol("H", 9, 8)}))


def test_nan_cannot_be_written():
    b = Builder()
    v = b.node("leaky_relu", "x", negative_slope=float("nan"))
    with pytest.raises(FormatError, match=r"graph\.json: nodes\[0\] \(leaky_relu, root\): an attribute that is NaN"):
        graph_to_bytes(b.graph(out=v))
    with pytest.raises(FormatError, match=r"graph\.json: metadata\.a: nan has no place"):
        graph_to_bytes(Builder().graph(out="x", metadata={"a": float("nan")}))


@settings(max_examples=300)
@given(st.data())
def test_whatever_the_bytes_are_only_platform_errors_escape(data):
    content = bytearray(graph_to_bytes(small_graph()))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "delete", "copy"]))
        if kind == "flip":
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "cut" and place:
            del content[place:]
        elif kind == "insert":
            content[place:place] = data.draw(
                st.sampled_from([b"[", b"{", b'"', b"9" * 30, b"NaN", b"-", b'"H"', b"null,"])
            )
        elif kind == "delete":
            del content[place : place + data.draw(st.integers(1, 40))]
        else:
            content[place:place] = content[place : place + data.draw(st.integers(1, 200))]
        if not content:
            break
    try:
        graph = graph_from_bytes(bytes(content))
    except PlatformError as error:
        assert str(error).startswith("graph.json")  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert graph_to_bytes(graph) == bytes(content)


JUNK = st.sampled_from(
    [
        *(None, True, -1, 0, 2**63 - 1, 1.5, "", "H", "x", "@stem.weight", [], {}, [["//", "H", 0]], {"dim": "H"}),
        *({"dim": ["%", "H", "W"]}, {"float": "inf"}, {"float": "-inf"}, [-1, -1], [0, 0], ["x", "x"], 2**48, -(2**48)),
    ]
)


@settings(max_examples=400)
@given(st.data())
def test_whatever_the_values_are_only_platform_errors_escape(data):
    content = json.loads(graph_to_bytes(small_graph()))
    target, key = (
        content,
        data.draw(st.sampled_from(["nodes", "nodes", "nodes", "inputs", "symbols", "weights", "guards"])),
    )
    while isinstance(target[key], list | dict) and target[key] and data.draw(st.integers(0, 9)):
        target = target[key]
        key = data.draw(st.sampled_from(sorted(target) if isinstance(target, dict) else range(len(target))))
    target[key] = data.draw(JUNK)
    spelling = document(content)
    try:
        assert graph_to_bytes(graph_from_bytes(spelling)) == spelling
    except PlatformError as error:
        assert str(error).startswith("graph.json")  # noqa: PT017


def test_types_that_only_look_alike_are_told_apart():
    graph = small_graph()
    types = {**graph.types, "v1": TensorType(DType.FLOAT32, (*graph.types["v1"].shape[:3], H // 2))}
    with pytest.raises(FormatError, match=r"nodes\[1\] \(relu, act\): output 'v1' is declared float32\[N, 4, "):
        graph_to_bytes(replace(graph, types=types))
