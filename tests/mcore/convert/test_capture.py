"""One graph for every size: symbolic sizes at sizes never traced, names, guards, and when it is refused."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from mcore.convert import CaptureRefused, capture, toplatform
from mcore.convert.capture import capture_copy, trace_sizes
from mcore.convert.running import Size
from mcore.platform.errors import GuardError
from mcore.platform.format import graph_to_bytes
from mcore.platform.graph import Symbol
from mcore.sampling import H, Input, N, Sampling, W
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, Apply, check, ops, perturbed


def test_golden_runs_that_follow_are_the_second_trace():
    """One trace is enough for them, at a batch that no sample has; alone, a capture makes sure by itself."""
    model = modules.Classifier().eval()
    alone, followed = (capture_copy(model, IMAGE, golden_follow=follow) for follow in (False, True))
    assert [len(found.variants[0].traces) for found in (alone, followed)] == [2, 1]
    assert alone.graph == followed.graph
    assert [str(size.batch) + "x" + str(size) for size in followed.report.traced] == [
        "3x9x7",
        "1x9x7",
        "1x8x8",
        "2x8x12",
    ]


def test_what_only_a_golden_run_would_show_is_not_taken_for_one_graph(tmp_path):
    class Bakes(torch.nn.Module):
        def forward(self, x):
            return x * torch.arange(x.shape[2] * 1.0).sum()

    conversion = toplatform(Bakes(), tmp_path / "net", sampling=IMAGE)
    assert conversion.report.capture.fallback
    assert len(conversion.report.capture.variants) == 3


@pytest.mark.parametrize("kind", modules.SEEN_THROUGH, ids=lambda kind: kind.__name__)
def test_the_graph_is_right_at_sizes_that_were_never_traced(kind):
    check(perturbed(kind()))


def test_a_list_goes_in_and_a_dict_with_a_list_comes_out():
    features = Sampling(
        (
            Input("features.0", (N, 6, H, W)),
            Input("features.1", (N, 8, (H + 1) // 2, (W + 1) // 2)),
        ),
        ((8, 8), (8, 12), (9, 7)),
        minimum=5,
    )
    graph = check(perturbed(modules.Decoder()), features)
    assert list(graph.inputs) == ["features.0", "features.1"]
    assert list(graph.outputs) == ["out", "inner.0", "inner.1"]
    assert str(graph.types[graph.outputs["inner.0"]].shape[2]) == "H"


def test_nodes_say_which_module_they_are_from_and_values_are_named_after_it():
    graph = capture(modules.Residual(), IMAGE).graph
    assert [(n.module, n.source, n.outputs[0]) for n in graph.nodes] == [
        ("conv1", "Conv2d", "conv1.conv2d"),
        ("bn1", "BatchNorm2d", "bn1.batch_norm"),
        ("relu", "ReLU", "relu.relu"),
        ("conv2", "Conv2d", "conv2.conv2d"),
        ("bn2", "BatchNorm2d", "bn2.batch_norm"),
        ("", "Residual", "add"),
        ("relu", "ReLU", "relu.relu_1"),
    ]


def test_a_shared_weight_is_one_weight_with_two_names():
    captured = capture(modules.Shared(), IMAGE)
    assert sorted(captured.weights) == ["first.bias", "first.weight"]
    assert captured.graph.metadata["aliases"] == {"second.weight": "first.weight"}


def test_buffers_and_constants_are_told_from_parameters():
    captured = capture(modules.Buffers(), IMAGE)
    assert captured.graph.metadata["buffers"] == ["mean"]
    assert captured.graph.metadata["constants"] == ["anchors.0", "anchors.1", "offset", "std"]
    assert captured.report.constants == ("anchors.0", "anchors.1", "offset", "std")
    np.testing.assert_array_equal(captured.weights["offset"], [[[0.25]]])


def test_the_report_says_what_ran_and_what_was_left_out():
    model = modules.Classifier()
    model.auxiliary = nn.Linear(3, 3)
    report = capture(model, IMAGE).report
    assert report.layers == ("AdaptiveAvgPool2d", "BatchNorm2d", "Conv2d", "Linear", "ReLU")
    assert report.unused == ("auxiliary.bias", "auxiliary.weight")
    assert report.traced == (Size(2, 9, 7), Size(3, 8, 8))


def test_the_model_is_left_as_it_was():
    model = modules.Cached().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    capture(model, IMAGE)
    assert model.training
    assert model.ramp is None
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_what_no_output_needs_is_left_out():
    def function(x):
        x.exp().sum()
        _low, high = x.chunk(2, 1)
        return high + 1

    assert ops(capture(Apply(function), IMAGE).graph) == ["chunk", "add"]


def test_an_input_or_a_weight_may_be_an_output():
    graph = check(Apply(lambda x, s: (x, s, x + s), s=torch.ones(4, 1, 1)))
    assert list(graph.outputs.values()) == ["x", "@own.s", "add"]


# -- branches on sizes -----------------------------------------------------------------------------------------------------


def test_a_branch_that_both_traces_take_is_a_guard_of_the_graph():
    sampling = Sampling.image(4, ((10, 10), (12, 16), (9, 11)), minimum=5)
    graph = capture(modules.Branch(), sampling).graph
    (guard,) = graph.guards
    assert str(guard) == "H > 8"
    assert guard.source == "tests/mcore/convert/modules.py, Branch.forward: if x.shape[2] > 8:"
    graph.bind({"x": (1, 4, 9, 8)})
    with pytest.raises(GuardError, match=r"needs H > 8 .*Branch\.forward"):
        graph.bind({"x": (1, 4, 8, 8)})


def test_a_question_whose_answer_does_not_matter_is_no_guard():
    graph = capture(modules.HarmlessBranch(), IMAGE).graph
    assert [str(guard) for guard in graph.guards] == ["H != 300"]


def test_a_fixed_size_may_be_used_as_a_number():
    sampling = Sampling((Input("x", (N, 4, H, W)),), ((8, 12),), minimum=1, fixed=True)
    graph = check(modules.RatioLeak(), sampling, unseen=[Size(1, 8, 12), Size(3, 8, 12)])
    assert list(graph.symbols) == ["N"]
    assert [str(d) for d in graph.inputs["x"].shape] == ["N", "4", "8", "12"]


def test_a_leak_of_the_batch_makes_it_a_number_too():
    sampling = Sampling((Input("x", (N, 4, H, W)),), ((8, 12),), minimum=1, fixed=True)
    captured = capture(modules.LengthLeak(), sampling)
    assert "by len()" in captured.report.fallback
    assert captured.graph.symbols == {}
    assert captured.graph.inputs["x"].shape == (1, 4, 8, 12)


# -- symbols ---------------------------------------------------------------------------------------------------------------


def test_sizes_count_by_the_multiple_so_that_halves_are_exact():
    class Net(nn.Module):
        def forward(self, x):
            down = nn.functional.max_pool2d(x, 4)
            return x + nn.functional.interpolate(down, scale_factor=4)

    sampling = Sampling.image(4, ((16, 16), (8, 24), (8, 8)), minimum=6, multiple_of=8)
    graph = check(Net(), sampling, unseen=[Size(3, 32, 8), Size(1, 24, 40)])
    assert [str(d) for d in graph.types["max_pool2d"].shape] == ["N", "4", "2*H", "2*W"]
    assert graph.symbols["H"] == Symbol("H", 1, 512)
    with pytest.raises(GuardError, match="20 is no multiple of 8"):
        graph.bind({"x": (1, 4, 20, 8)})


def test_symbols_have_the_range_of_the_sampling_and_only_those_of_the_inputs_are_there():
    graph = capture(modules.Residual(), IMAGE).graph
    assert graph.symbols == {name: Symbol(name, least, 4096) for name, least in (("H", 5), ("W", 5), ("N", 1))}
    vectors = Sampling((Input("x", (N, 6)),), ((5, 5), (6, 6), (7, 7)), minimum=5)
    assert list(capture(nn.Linear(6, 2), vectors).graph.symbols) == ["N"]


def test_a_symbol_that_no_shape_tells_is_refused():
    sampling = Sampling((Input("x", (N, 4, (H + 1) // 2, W)),), ((8, 8), (8, 12), (9, 7)), minimum=5)
    with pytest.raises(CaptureRefused, match="no input with H itself, or a multiple of it, as a dimension"):
        capture(modules.Residual(), sampling)


def test_the_two_traces_are_the_cheapest_sizes_and_not_square_first():
    assert trace_sizes(Sampling.image()) == (Size(2, 97, 129), Size(3, 128, 192))
    assert trace_sizes(Sampling.image(sizes=((64, 64), (96, 96), (128, 128)))) == (Size(2, 64, 64), Size(3, 96, 96))


@pytest.mark.parametrize(
    ("match", "names"),
    [("out of order", ["f.1", "f.0"]), ("twice", ["f", "f"]), ("out of order", ["f", "f.0"])],
)
def test_inputs_that_make_no_sense_are_refused(match, names):
    sampling = Sampling(tuple(Input(name, (N, 4, H, W)) for name in names), IMAGE.sizes, minimum=5)
    with pytest.raises(CaptureRefused, match=match):
        capture(modules.Residual(), sampling)


def test_an_output_that_is_no_tensor_is_refused():
    with pytest.raises(CaptureRefused, match=r"output 'out\.1' is int, not a tensor"):
        capture(modules.SizeOutput(), IMAGE)


def test_a_model_that_cannot_be_copied_is_refused():
    model = nn.Linear(4, 4)
    model.held = model.weight * 2
    with pytest.raises(CaptureRefused, match="Linear cannot be copied"):
        capture(model, IMAGE)


# -- determinism -----------------------------------------------------------------------------------------------------------

_PROGRAM = """
import hashlib, sys, torch
from mcore.convert import capture
from mcore.platform.format import graph_to_bytes
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE
digest = hashlib.sha256()
for kind in modules.SEEN_THROUGH:
    torch.manual_seed(0)
    captured = capture(kind(), IMAGE)
    digest.update(graph_to_bytes(captured.graph))
    for name, array in captured.weights.items():
        digest.update(name.encode() + array.tobytes())
print(digest.hexdigest())
"""


def test_the_same_model_gives_the_same_bytes_in_any_process():
    found = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4711")
    }
    assert len(found) == 1
    assert len(found.pop().strip()) == hashlib.sha256().digest_size * 2


def test_a_second_capture_gives_the_same_bytes():
    model = modules.Attention()
    assert graph_to_bytes(capture(model, IMAGE).graph) == graph_to_bytes(capture(model, IMAGE).graph)
