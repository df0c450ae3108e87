"""Activations and dropout, in all their spellings."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, ops

SPELLINGS = [
    ("relu", lambda x: F.relu(x)),
    ("relu", lambda x: torch.relu(x)),
    ("relu", lambda x: x.relu()),
    ("relu", lambda x: F.relu(x + 0, inplace=True)),
    ("relu", lambda x: (x + 0).relu_()),
    ("relu", lambda x: torch.relu_(x + 0)),
    ("relu6", lambda x: F.relu6(4 * x)),
    ("leaky_relu", lambda x: F.leaky_relu(x)),
    ("leaky_relu", lambda x: F.leaky_relu(x, 0.2)),
    ("leaky_relu", lambda x: F.leaky_relu(x, negative_slope=0.3)),
    ("elu", lambda x: F.elu(x)),
    ("elu", lambda x: F.elu(x, alpha=0.7)),
    ("celu", lambda x: F.celu(x)),
    ("celu", lambda x: torch.celu(x, 0.5)),
    ("celu", lambda x: F.celu(x + 0, alpha=0.5, inplace=True)),
    ("selu", lambda x: F.selu(x)),
    ("selu", lambda x: torch.selu_(x + 0)),
    ("hardshrink", lambda x: F.hardshrink(x)),
    ("hardshrink", lambda x: x.hardshrink(0.3)),
    ("softshrink", lambda x: F.softshrink(x)),
    ("softshrink", lambda x: F.softshrink(x, lambd=0.3)),
    ("threshold", lambda x: F.threshold(x, 0.1, 20)),
    ("threshold", lambda x: F.threshold(x + 0, threshold=0.1, value=-1.0, inplace=True)),
    ("threshold", lambda x: torch.threshold_(x + 0, -0.1, 0)),
    ("gelu", lambda x: F.gelu(x)),
    ("gelu", lambda x: F.gelu(x, approximate="tanh")),
    ("sigmoid", lambda x: torch.sigmoid(x)),
    ("sigmoid", lambda x: x.sigmoid()),
    ("sigmoid", lambda x: F.sigmoid(x)),
    ("sigmoid", lambda x: torch.special.expit(x)),
    ("tanh", lambda x: x.tanh()),
    ("tanh", lambda x: torch.tanh(x)),
    ("silu", lambda x: F.silu(x)),
    ("mish", lambda x: F.mish(x)),
    ("hardsigmoid", lambda x: F.hardsigmoid(x)),
    ("hardswish", lambda x: F.hardswish(x)),
    ("hardtanh", lambda x: F.hardtanh(x)),
    ("hardtanh", lambda x: F.hardtanh(x, -0.5, 2.0)),
    ("hardtanh", lambda x: F.hardtanh(x, min_val=-0.5, max_val=0.25)),
    ("softplus", lambda x: F.softplus(x)),
    ("softplus", lambda x: F.softplus(x, beta=2.0, threshold=1.0)),
    ("softmax", lambda x: F.softmax(x, dim=1)),
    ("softmax", lambda x: F.softmax(x, -1)),
    ("softmax", lambda x: x.softmax(2)),
    ("softmax", lambda x: torch.softmax(x, dim=-2)),
    ("log_softmax", lambda x: F.log_softmax(x, dim=1)),
    ("log_softmax", lambda x: x.log_softmax(-1)),
]


@pytest.mark.parametrize(("op", "function"), SPELLINGS)
def test_a_spelling_becomes_its_op(op, function):
    assert ops(check(Apply(function)))[-1] == op


@pytest.mark.parametrize("count", [1, 4])
def test_prelu_takes_its_weight(count):
    module = nn.PReLU(count)
    with torch.no_grad():
        module.weight.uniform_(0.1, 0.4)
    graph = check(module.eval())
    assert graph.nodes[0].inputs == ("x", "@weight")


def test_softmax_in_another_type_is_a_cast_before_it():
    assert ops(check(Apply(lambda x: F.softmax(x, dim=1, dtype=torch.float64)))) == ["cast", "softmax"]


@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
def test_softmax_without_a_dimension_takes_the_one_torch_takes():
    graph = check(Apply(lambda x: F.softmax(x)))
    assert graph.nodes[0].attributes["dim"] == 1


@pytest.mark.parametrize(
    ("wanted", "layer"),
    [
        (["leaky_relu"], nn.RReLU(0.1, 0.4)),
        (["leaky_relu"], nn.RReLU(inplace=True)),
        (["neg", "softmax"], nn.Softmin(1)),
        (["softmax"], nn.Softmax2d()),
        (["tanh", "sub"], nn.Tanhshrink()),
        (["abs", "add", "div"], nn.Softsign()),
        (["neg", "softplus", "neg"], nn.LogSigmoid()),
        (["chunk", "sigmoid", "mul"], nn.GLU(1)),
        (["threshold"], nn.Threshold(0.1, 20, inplace=True)),
    ],
    ids=str,
)
def test_what_is_exact_from_others_has_no_op_of_its_own(wanted, layer):
    assert ops(check(nn.Sequential(nn.Tanh(), layer).eval())) == ["tanh", *wanted]


@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
def test_softmin_without_a_dimension_and_in_another_type():
    graph = check(Apply(lambda x: F.softmin(x, dtype=torch.float64)))
    assert ops(graph) == ["cast", "neg", "softmax"]
    assert graph.nodes[-1].attributes["dim"] == 1


def test_slopes_drawn_at_random_are_refused():
    with pytest.raises(CaptureRefused, match="rrelu draws its slopes at random"):
        capture(Apply(lambda x: F.rrelu(x, training=True)), IMAGE)


@pytest.mark.parametrize(
    "layer", [nn.Dropout(0.5), nn.Dropout2d(0.5), nn.Dropout(0.5, inplace=True), nn.AlphaDropout(0.3)]
)
def test_dropout_in_evaluation_leaves_no_node(layer):
    assert ops(check(nn.Sequential(nn.ReLU(), layer, nn.Tanh()).eval())) == ["relu", "tanh"]


def test_active_dropout_is_refused():
    with pytest.raises(CaptureRefused, match="dropout is active"):
        capture(Apply(lambda x: F.dropout(x, 0.5)), IMAGE)
