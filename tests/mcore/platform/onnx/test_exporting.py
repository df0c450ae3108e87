"""Graphs as ONNX models: sizes left open or fixed, names, weights, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx", reason="the onnx extra is not installed")
pytest.importorskip("onnxruntime", reason="the onnx extra is not installed")

from mcore.platform.dims import Expr, evaluate, maximum, minimum, symbol  # noqa: E402
from mcore.platform.dtypes import DType  # noqa: E402
from mcore.platform.graph import Graph, Guard, Node, Symbol, TensorType  # noqa: E402
from mcore.platform.onnx import IR_VERSION, OPSET, NeedsSizes, NoForm, export  # noqa: E402
from mcore.platform.onnx.exporting import LARGEST, alone, at_sizes, typical_sizes  # noqa: E402
from tests.workers.bundles import H, W, branched, deep, pyramid  # noqa: E402

from .running import model_of, run  # noqa: E402

FLOAT = DType.FLOAT32


class TestNetworks:
    @pytest.mark.parametrize("network", [branched(), pyramid(), deep(8)], ids=["branched", "pyramid", "deep"])
    def test_one_model_computes_every_size(self, network):
        model = model_of(network.graph, network.weights)
        for sample in network.samples:
            found = run(model, sample.inputs)
            for value, wanted in zip(found, sample.outputs.values(), strict=True):
                np.testing.assert_allclose(value, wanted, 1e-5, 1e-5)

    def test_a_model_for_one_size_computes_it(self):
        network = branched()
        sample = network.samples[1]
        sizes = network.graph.bind({name: value.shape for name, value in sample.inputs.items()})
        model = export(network.graph, network.weights, sizes).model
        onnx.checker.check_model(model, full_check=True)
        assert [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [2, 3, 12, 20]
        np.testing.assert_allclose(run(model, sample.inputs)[0], sample.outputs["out"], 1e-5, 1e-5)

    def test_open_sizes_have_their_symbols_names(self):
        model = export(branched().graph, branched().weights).model
        assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [
            *("N", 3, "H", "W")
        ]

    def test_an_output_with_the_name_of_an_input_has_another_in_the_model(self):
        exported = export(pyramid().graph, pyramid().weights)
        assert exported.outputs == ("features.0", "features.1")
        assert [o.name for o in exported.model.graph.output] == ["features.0.out", "features.1.out"]

    def test_versions_are_those_that_are_promised(self):
        model = export(branched().graph, branched().weights).model
        assert (model.ir_version, model.opset_import[0].version) == (IR_VERSION, OPSET)

    def test_weights_that_nothing_reads_are_left_out(self):
        network = branched()
        graph = network.graph.fetching(["v0"])
        assert [i.name for i in export(graph, network.weights).model.graph.initializer if i.name.startswith("@")] == [
            "@stem.weight"
        ]

    def test_the_same_graph_makes_the_same_bytes(self):
        made = [export(branched().graph, branched().weights).model.SerializeToString() for _ in range(2)]
        assert made[0] == made[1]


class TestRefusals:
    def test_an_unknown_size_that_a_form_needs_is_asked_for(self):
        with pytest.raises(NeedsSizes):
            export(single("adaptive_avg_pool2d", output_size=(3, 5)), {})

    def test_bfloat16_is_refused_by_name(self):
        graph = single("relu", dtype=DType.BFLOAT16)
        with pytest.raises(NoForm, match="relu: the element type bfloat16 is not written"):
            export(graph, {})

    def test_weights_that_no_file_holds_are_refused(self, monkeypatch):
        monkeypatch.setattr("mcore.platform.onnx.exporting.LARGEST", 100)
        assert LARGEST > 1 << 30
        with pytest.raises(NoForm, match="do not fit into one ONNX file"):
            export(branched().graph, branched().weights)


class TestSizes:
    def test_typical_sizes_are_legal(self):
        graph = branched().graph
        assert typical_sizes(graph) == {"N": 64, "H": 64, "W": 64}
        symbols = {**graph.symbols, "H": Symbol("H", 32, 512, 7)}
        assert typical_sizes(replace(graph, symbols=symbols, guards=(Guard(">", H, 100),)))["H"] == 224

    def test_none_are_where_no_common_one_is(self):
        assert typical_sizes(replace(branched().graph, guards=(Guard(">", H, 600),))) is None

    def test_a_node_alone_reads_all_as_inputs(self):
        graph = at_sizes(branched().graph, {"N": 1, "H": 8, "W": 8})
        one = alone(graph, graph.nodes[0])
        assert list(one.inputs) == ["x", "@stem.weight"]
        assert list(one.outputs) == ["v0"]
        onnx.checker.check_model(export(one, {}).model, full_check=True)


def single(op: str, dtype: DType = FLOAT, **attributes: object) -> Graph:
    from mcore.platform.ops import registry

    kind = TensorType(dtype, (1, 2, H, W))
    (result,) = registry.get(op).types([kind], attributes)
    return Graph(
        inputs={"x": kind},
        outputs={"y": "y"},
        nodes=(Node(op, ("x",), ("y",), attributes),),
        weights={},
        types={"x": kind, "y": result},
        symbols={"H": Symbol("H"), "W": Symbol("W")},
    )


LEAVES = st.sampled_from([symbol("H"), symbol("W")]) | st.integers(1, 9)


def _joined(parts: st.SearchStrategy) -> st.SearchStrategy:
    return (
        st.tuples(parts, parts).map(lambda p: p[0] + p[1])
        | st.tuples(parts, parts).map(lambda p: p[0] - p[1])
        | st.tuples(parts, st.integers(1, 7)).map(lambda p: p[0] * p[1])
        | st.tuples(parts, st.integers(1, 7)).map(lambda p: p[0] // p[1])
        | st.tuples(parts, st.integers(1, 7)).map(lambda p: p[0] % p[1])
        | st.tuples(parts, parts).map(lambda p: minimum(*p))
        | st.tuples(parts, parts).map(lambda p: maximum(*p))
    )


@settings(max_examples=60)
@given(size=st.recursive(LEAVES, _joined, max_leaves=6), height=st.integers(1, 40), width=st.integers(1, 40))
def test_a_size_computed_in_the_model_is_the_size(size, height, width):
    """Negative ones too: rounding is down, as in Python, where ONNX's division is towards zero."""
    graph = single("relu")
    kind = TensorType(DType.INT64, ())
    node = Node("full", (), ("z",), {"size": (), "fill_value": size, "dtype": DType.INT64})
    graph = replace(graph, outputs={"z": "z"}, nodes=(node,), types={**graph.types, "z": kind})
    if isinstance(size, Expr):
        symbols = {"H": height, "W": width}
        (found,) = run(export(graph, {}).model, {"x": np.zeros((1, 2, height, width), np.float32)})
        assert int(found) == evaluate(size, symbols)
