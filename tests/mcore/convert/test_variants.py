"""Several graphs where a model branches on sizes: which sizes go where, what is refused, and what is shared."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mcore.convert import Rebuilt, capture
from mcore.convert.running import Size, seeded_inputs
from mcore.convert.trace import trace
from mcore.convert.variants import SizesDisagree, Variant, merged_guards
from mcore.platform.errors import GuardError
from mcore.platform.format import graph_to_bytes
from mcore.platform.runtime import Model
from mcore.platform.variants import graph_for
from mcore.sampling import Sampling
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, Apply, assert_close, perturbed, torch_outputs

#: Both sides of eight along either axis.
MIXED = Sampling.image(4, ((16, 16), (8, 12), (7, 9), (6, 6)), minimum=5)


def traced(model: nn.Module, *size: int, sampling: Sampling = IMAGE):
    return trace(model.eval(), sampling, Size(*size), seeded_inputs(sampling, Size(*size), "test"))


def agree(model: nn.Module, sampling: Sampling, sizes: list[Size]):
    """The graphs, run by the Platform and rebuilt, give torch's outputs at ``sizes``; returns the capture."""
    captured = capture(model, sampling)
    runtime = Model(captured.graphs, captured.weights, mode="reference")
    rebuilt = Rebuilt(captured.graphs, captured.weights, sampling.sizes)
    for size in sizes:
        inputs = seeded_inputs(sampling, size, "unseen")
        wanted = torch_outputs(model, inputs)
        assert_close(runtime.run({name: tensor.numpy() for name, tensor in inputs.items()}), wanted)
        assert_close(torch_outputs(rebuilt, inputs), wanted)
    again = capture(rebuilt, rebuilt.sampling)
    assert [graph_to_bytes(g) for g in again.graphs] == [graph_to_bytes(g) for g in captured.graphs]
    assert {n: w.tobytes() for n, w in again.weights.items()} == {n: w.tobytes() for n, w in captured.weights.items()}
    return captured


def test_a_branch_on_a_size_makes_two_graphs_with_the_question_and_its_line():
    captured = agree(perturbed(modules.Branch()), IMAGE, [Size(1, 5, 9), Size(3, 8, 20), Size(2, 9, 5), Size(1, 30, 7)])
    assert [[str(g) for g in graph.guards] for graph in captured.graphs] == [["H > 8"], ["H <= 8"]]
    assert captured.graphs[0].guards[0].source == "tests/mcore/convert/modules.py, Branch.forward: if x.shape[2] > 8:"
    assert [variant.serves for variant in captured.report.variants] == [("9x7",), ("8x8", "8x12")]
    assert not captured.report.fallback


def test_each_graph_was_confirmed_at_a_second_height_width_and_batch():
    for variant in capture(modules.Branch(), Sampling.image(4, ((16, 16), (6, 5), (6, 8)), minimum=5)).variants:
        sizes = [trace.size for trace in variant.traces]
        assert all(len({getattr(size, side) for size in sizes}) > 1 for side in ("batch", "height", "width"))
        assert not variant.pinned


def test_two_branches_make_three_graphs_and_what_no_sample_showed_is_refused():
    sides = (5, 8, 9, 20)
    seen = [Size(2, h, w) for h in sides for w in sides if h <= 8 or w > 8]
    captured = agree(perturbed(modules.Shifted()), MIXED, seen)
    assert [variant.serves for variant in captured.report.variants] == [("7x9", "8x12"), ("6x6",), ("16x16",)]
    for height, width in ((9, 5), (20, 8)):
        with pytest.raises(GuardError, match=r"none of the 3 graphs takes x \(2, 4, .* needs H <= 8 .*Shifted"):
            graph_for(captured.graphs, {"x": (2, 4, height, width)})


def test_weights_are_shared_and_constants_of_one_name_are_told_apart():
    captured = agree(perturbed(modules.Shifted()), MIXED, [Size(1, 6, 7), Size(2, 7, 20), Size(1, 9, 9)])
    assert sorted(captured.weights) == ["bias", "constant", "constant_1", "proj.bias", "proj.weight"]
    assert [sorted(graph.weights.keys() - {"bias", "proj.bias", "proj.weight"}) for graph in captured.graphs] == [
        ["constant"],
        ["constant_1"],
        ["constant"],
    ]
    np.testing.assert_array_equal(captured.weights["constant_1"], [4, 3, 2, 1])
    assert captured.graphs[1].metadata["constants"] == ["constant_1"]


def test_a_size_that_no_guard_admits_is_traced_until_it_has_its_graph():
    sampling = Sampling.image(4, ((5, 5), (6, 8), (20, 12)), minimum=5)
    captured = agree(perturbed(modules.Branch()), sampling, [Size(1, 7, 7), Size(2, 30, 30)])
    assert [variant.serves for variant in captured.report.variants] == [("5x5", "6x8"), ("20x12",)]


def test_a_graph_that_cannot_be_confirmed_is_for_its_height_alone():
    def function(x):
        return x * (3 if x.shape[2] == 20 else 2)

    sampling = Sampling.image(4, ((5, 5), (6, 8), (20, 12)), minimum=5)
    captured = agree(Apply(function), sampling, [Size(1, 7, 7), Size(2, 20, 30)])
    assert [str(g) for g in captured.graphs[1].guards] == ["H == 20"]


def test_what_leaks_behind_a_branch_is_pinned_to_the_size_that_was_seen():
    def function(x):
        return x * (sum(1 for _ in range(x.shape[2])) if x.shape[2] > 10 else 2)

    sampling = Sampling.image(4, ((5, 5), (6, 8), (20, 12)), minimum=5)
    captured = agree(Apply(function), sampling, [Size(1, 7, 7), Size(3, 20, 12)])
    assert [str(g) for g in captured.graphs[1].guards] == ["H > 10", "H == 20", "W == 12"]
    with pytest.raises(GuardError, match=r"needs H == 20 \(no second height was found that gives the same graph\)"):
        graph_for(captured.graphs, {"x": (1, 4, 21, 12)})


def test_a_branch_whose_sides_are_the_same_is_one_graph_if_nothing_else_was_asked():
    sampling = Sampling.image(4, ((7, 7), (6, 8), (9, 11)), minimum=5)
    assert [str(guard) for guard in capture(modules.HarmlessBranch(), sampling).graph.guards] == ["H != 300"]


def test_a_second_question_behind_a_harmless_one_is_never_forgotten():
    """Small and large sizes do the same; those between do not, and were never seen."""

    def function(x):
        if x.shape[2] < 8:
            return x * 2
        return x * 2 if x.shape[2] >= 16 else x * 3

    sampling = Sampling.image(4, ((5, 5), (6, 8), (20, 12)), minimum=5)
    captured = agree(Apply(function), sampling, [Size(1, 7, 7), Size(2, 16, 5)])
    with pytest.raises(GuardError):
        graph_for(captured.graphs, {"x": (1, 4, 10, 10)})


def test_a_batch_of_one_may_take_another_way():
    model = Apply(lambda x: x * 2 if x.shape[0] == 1 else x * 3)
    captured = agree(model, IMAGE, [Size(1, 7, 7), Size(2, 9, 9), Size(5, 8, 8)])
    assert [variant.serves for variant in captured.report.variants] == [("8x12",), ("9x7", "8x8")]


def test_guards_are_those_of_all_traces_but_what_was_answered_both_ways():
    model = modules.HarmlessBranch()
    first, second = traced(model, 2, 9, 7), traced(model, 3, 8, 8)
    assert [str(g) for g in first.graph.guards] == ["H != 300", "H > 8"]
    assert [str(g) for g in merged_guards([first, second])] == ["H != 300"]
    assert [str(g) for g in merged_guards([first])] == ["H != 300", "H > 8"]


def test_traces_that_are_not_one_graph_are_not_joined():
    first, second = traced(modules.Branch(), 2, 9, 7), traced(modules.Branch(), 3, 8, 8)
    with pytest.raises(
        SizesDisagree, match=r"9x7 is not the graph at 8x8, as it branches on a size: H > 8 at .*modules"
    ):
        Variant((first,)).joined(second)
    constant = modules.SizedConstant()
    with pytest.raises(SizesDisagree, match="constant 'constant' at 9x7 is not the one at 8x8"):
        Variant((traced(constant, 2, 9, 7),)).joined(traced(constant, 3, 8, 8))


def test_a_pinned_variant_takes_no_trace_of_another_size():
    model = torch.nn.ReLU()
    variant = Variant((traced(model, 2, 9, 7),), pinned=frozenset({"H"}))
    assert variant.joined(traced(model, 3, 9, 8)).pinned == {"H"}
    with pytest.raises(SizesDisagree):
        variant.joined(traced(model, 3, 8, 8))
