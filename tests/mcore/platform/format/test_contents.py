from dataclasses import replace

import numpy as np
import pytest

from mcore.platform.dims import symbol
from mcore.platform.errors import FormatError
from mcore.platform.format import check_sample, check_weights
from mcore.platform.graph import Guard
from tests.mcore.platform.format.networks import sample_of, samples_of, small_graph, weights_of

FILE = "samples/8x12.safetensors"


def refused(sample, message: str, graph=None) -> None:
    with pytest.raises(FormatError) as caught:
        check_sample(graph or small_graph(), sample, file=FILE)
    assert str(caught.value) == f"{FILE}: {message}"


def test_weights_are_those_of_the_graph():
    graph = small_graph()
    weights = weights_of(graph)
    check_weights(graph, weights)
    for change, message in (
        ({"stem.bias": None}, "weight 'stem.bias' of graph.json is missing"),
        ({"other": np.zeros(1)}, "weight 'other' is not in graph.json"),
        ({"stem.bias": np.zeros(4)}, "weight 'stem.bias' is float64[4], graph.json says float32[4]"),
        ({"stem.bias": np.zeros((4, 1), "f4")}, "weight 'stem.bias' is float32[4, 1], graph.json says float32[4]"),
    ):
        changed = {name: value for name, value in {**weights, **change}.items() if value is not None}
        with pytest.raises(FormatError) as caught:
            check_weights(graph, changed)
        assert str(caught.value) == f"weights.safetensors: {message}"


def test_samples_of_every_size_fit():
    graph = small_graph()
    for sample in samples_of(graph):
        check_sample(graph, sample, file=FILE)


def test_inputs_and_outputs_are_those_of_the_graph():
    sample = sample_of(small_graph(), 2, 8, 12)
    x, out = sample.inputs["x"], sample.outputs
    refused(replace(sample, inputs={}), "input 'x' of graph.json is missing")
    refused(replace(sample, inputs={"x": x, "y": x}), "input 'y' is not in graph.json")
    refused(replace(sample, outputs={"out": out["out"]}), "output 'skip' of graph.json is missing")
    refused(replace(sample, outputs={**out, "mask": x}), "output 'mask' is not in graph.json")


def test_types_are_those_of_the_graph_at_this_size():
    sample = sample_of(small_graph(), 2, 8, 12)
    x, out = sample.inputs["x"], sample.outputs
    refused(
        replace(sample, inputs={"x": x.astype("f8")}),
        "input 'x' is float64[2, 3, 8, 12], graph.json says float32[2, 3, 8, 12]",
    )
    refused(
        replace(sample, outputs={**out, "out": out["out"][:1]}),
        "output 'out' is float32[1, 4, 4, 6], graph.json says float32[2, 4, 4, 6]",
    )
    refused(replace(sample, inputs={"x": x[0]}), "input 'x' has rank 3, the graph wants 4")
    with pytest.raises(FormatError, match=FILE):
        check_sample(small_graph(), replace(sample, inputs={"x": x[:, :2]}), file=FILE)


def test_a_sample_of_a_size_that_the_graph_does_not_cover():
    graph = small_graph()
    small = sample_of(graph, 1, 8, 8)
    refused(replace(small, inputs={"x": np.zeros((1, 3, 3, 8), "f4")}), "H = 3 is outside 4..512")
    guarded = replace(graph, guards=(Guard(">", symbol("H"), 8, "stem (net.py:3)"),))
    with pytest.raises(FormatError, match="H > 8"):
        check_sample(guarded, small, file=FILE)


def test_a_division_by_zero_in_a_size_is_the_files_fault():
    graph = replace(small_graph(), guards=(Guard("==", symbol("H") // (symbol("W") - 8), 3),))
    with pytest.raises(FormatError, match=FILE):
        check_sample(graph, sample_of(graph, 1, 8, 8), file=FILE)


def test_digests_and_figures_belong_to_the_graph():
    sample = sample_of(small_graph(), 2, 8, 12)
    refused(replace(sample, digests={"v9": np.zeros(5)}), "a digest of 'v9', which the graph does not have")
    refused(replace(sample, digests={"v1": np.zeros(4)}), "digest of 'v1' is float64[4], graph.json says float64[5]")
    refused(replace(sample, sensitivity={"v1": 0.5}), "figures of 'v1', which is no output")
    refused(replace(sample, noise_floor={"x": 0.5}), "figures of 'x', which is no output")
    check_sample(small_graph(), replace(sample, digests={}, sensitivity={}, noise_floor={}), file=FILE)
