"""What networks are made of beside layers: results of every form, modules run twice, wrappers and fast paths of torch."""

from __future__ import annotations

import functools
from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from mcore.convert import CaptureRefused, Rebuilt, capture
from mcore.sampling import H, Input, N, Sampling, W
from tests.mcore.convert.harness import IMAGE, Apply, check, ops, perturbed

TOKENS = Sampling((Input("x", (N, H, 8)), Input("y", (N, W, 8))), ((8, 8), (6, 7), (9, 5)), minimum=5)
Pair = namedtuple("Pair", ["low", "high"])


@dataclass
class Output:
    logits: Tensor
    hidden: list[Tensor] | None = None


def halves(x: Tensor) -> Pair:
    return Pair(*x.chunk(2, 1))


FORMS = {
    "none": (lambda x: (x + 1, None), ["out.0"]),
    "none in a dict": (lambda x: {"aux": None, "out": x + 1}, ["out"]),
    "empty list": (lambda x: {"out": x + 1, "aux": []}, ["out"]),
    "named tuple": (halves, ["low", "high"]),
    "dataclass": (lambda x: Output(x + 1), ["logits"]),
    "dataclass with a list": (lambda x: Output(x + 1, [x * 2, x * 3]), ["logits", "hidden.0", "hidden.1"]),
    "nested": (
        lambda x: [[x + 1, x + 2], (x * 3, {"k": [x * 4]})],
        ["features.0.0", "features.0.1", "features.1.0", "features.1.1.k.0"],
    ),
    "an output twice": (lambda x: [x.tanh()] * 2, ["features.0", "features.1"]),
    "an input": (lambda x: {"x": x, "y": x + 1}, ["x", "y"]),
}


@pytest.mark.parametrize(("function", "names"), FORMS.values(), ids=FORMS)
def test_a_result_of_any_form_keeps_its_names(function, names):
    graph = check(Apply(function))
    assert list(graph.outputs) == names


def test_none_comes_back_from_the_rebuilt_network():
    captured = capture(Apply(lambda x: {"out": x + 1, "aux": None, "more": ()}), IMAGE)
    result = Rebuilt(captured.graph, captured.weights)(torch.ones(1, 4, 8, 8))
    assert list(result) == ["out", "aux", "more"]
    assert (result["aux"], result["more"]) == (None, ())


def test_an_output_that_is_there_twice_is_one_value():
    graph = capture(Apply(lambda x: [x.tanh()] * 2), IMAGE).graph
    assert list(graph.outputs.values()) == ["tanh", "tanh"]


def test_several_inputs_are_passed_by_name_and_share_their_symbols():
    class Cross(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return self.attention(x, y, y, need_weights=False)[0]

    graph = check(perturbed(Cross()), TOKENS)
    assert [str(size) for size in graph.types[graph.outputs["out"]].shape] == ["N", "H", "8"]


class Stacked(nn.Module):
    """One layer that is run three times, under two names."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(4, 4, 3, padding=1)
        self.again = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.again(self.first(self.first(x)).relu())


def test_a_module_that_runs_several_times_has_its_weights_once():
    captured = capture(perturbed(Stacked()), IMAGE)
    assert sorted(captured.weights) == ["first.bias", "first.weight"]
    assert [node.outputs[0] for node in captured.graph.nodes] == [
        "first.conv2d",
        "first.conv2d_1",
        "relu",
        "first.conv2d_2",
    ]
    check(perturbed(Stacked()))


class Checkpointed(nn.Module):
    def __init__(self, reentrant: bool):
        super().__init__()
        self.conv, self.reentrant = nn.Conv2d(4, 4, 3, padding=1), reentrant

    def forward(self, x: Tensor) -> Tensor:
        return checkpoint(self.conv, x, use_reentrant=self.reentrant)


class Doubling(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2


class Partial(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = functools.partial(F.leaky_relu, negative_slope=0.3)
        self.norm = functools.partial(nn.GroupNorm, 2, eps=1e-3)(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(x))


class Scaled(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight * 0.5


def parametrized(layer: nn.Module) -> nn.Module:
    return nn.utils.parametrize.register_parametrization(layer, "weight", Scaled())


WRAPPED = {
    "checkpoint": (lambda: Checkpointed(False), ["conv2d"]),
    "reentrant checkpoint": (lambda: Checkpointed(True), ["conv2d"]),
    "partial": (Partial, ["group_norm", "leaky_relu"]),
    "autograd function": (lambda: Apply(Doubling.apply), ["mul"]),
    "parametrized": (lambda: parametrized(nn.Conv2d(4, 4, 1)), ["mul", "conv2d"]),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("build", "wanted"), WRAPPED.values(), ids=WRAPPED)
def test_wrappers_of_torch_are_seen_through(build, wanted):
    graph = check(perturbed(build()))
    assert ops(graph) == wanted


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("norm_first", [False, True])
def test_the_fast_path_of_the_encoder_is_taken_apart(norm_first):
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=norm_first)
    sampling = Sampling((Input("src", (N, H, 8)),), ((8, 8), (6, 6), (9, 9)), minimum=5)
    graph = check(perturbed(nn.TransformerEncoder(layer, 2)), sampling)
    assert ops(graph).count("scaled_dot_product_attention") == 2


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.jit.script(nn.Conv2d(4, 4, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


@pytest.mark.filterwarnings("ignore")
def test_a_scripted_module_is_refused_by_its_path():
    with pytest.raises(CaptureRefused, match=r"^inner \(Conv2d\): is compiled by torch\.jit\.script"):
        capture(Scripted(), IMAGE)


def test_a_transform_of_functions_is_refused_with_the_line_that_uses_its_result():
    with pytest.raises(CaptureRefused, match=r"test_structures\.py:\d+: uses a tensor that torch was not seen to make"):
        capture(Apply(lambda x: torch.vmap(lambda row: row * 2)(x) + 1), IMAGE)
