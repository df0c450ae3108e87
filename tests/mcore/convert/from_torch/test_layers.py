"""Convolution, linear, normalization and pooling, as layers and as functions."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, ops, perturbed


class _ChannelsLast(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1)


LAYERS = [
    (["conv2d"], nn.Conv2d(4, 6, 3)),
    (["conv2d"], nn.Conv2d(4, 8, (3, 1), stride=(2, 1), padding=(1, 0), dilation=(2, 1), groups=2, bias=False)),
    (["conv2d"], nn.Conv2d(4, 4, 3, padding="same", groups=4)),
    (["conv2d"], nn.Conv2d(4, 4, 3, padding="valid")),
    (["pad", "conv2d"], nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect")),
    (["conv_transpose2d"], nn.ConvTranspose2d(4, 3, 2, stride=2)),
    (["conv_transpose2d"], nn.ConvTranspose2d(4, 4, 3, 2, 1, output_padding=1, groups=2, bias=False)),
    (["batch_norm"], nn.BatchNorm2d(4)),
    (["batch_norm"], nn.BatchNorm2d(4, affine=False, eps=1e-3)),
    (["group_norm"], nn.GroupNorm(2, 4)),
    (["group_norm"], nn.GroupNorm(1, 4, affine=False)),
    (["instance_norm"], nn.InstanceNorm2d(4)),
    (["instance_norm"], nn.InstanceNorm2d(4, affine=True, track_running_stats=True)),
    (["max_pool2d"], nn.MaxPool2d(2)),
    (["max_pool2d"], nn.MaxPool2d(3, 2, padding=1, dilation=2, ceil_mode=True)),
    (["avg_pool2d"], nn.AvgPool2d(2)),
    (["avg_pool2d"], nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)),
    (["adaptive_avg_pool2d"], nn.AdaptiveAvgPool2d(1)),
    (["adaptive_avg_pool2d"], nn.AdaptiveAvgPool2d((3, None))),
    (["adaptive_max_pool2d"], nn.AdaptiveMaxPool2d((2, 3))),
    (["flatten", "conv1d"], nn.Sequential(nn.Flatten(2), nn.Conv1d(4, 5, 3, padding=1))),
    (["flatten", "batch_norm"], nn.Sequential(nn.Flatten(2), nn.BatchNorm1d(4))),
    (["permute", "layer_norm"], nn.Sequential(_ChannelsLast(), nn.LayerNorm(4))),
    (["permute", "layer_norm"], nn.Sequential(_ChannelsLast(), nn.LayerNorm(4, elementwise_affine=False, eps=1e-3))),
    (["permute", "linear"], nn.Sequential(_ChannelsLast(), nn.Linear(4, 7))),
    (["permute", "linear"], nn.Sequential(_ChannelsLast(), nn.Linear(4, 7, bias=False))),
    (["permute", "pow", "mean", "add", "rsqrt", "mul", "mul"], nn.Sequential(_ChannelsLast(), nn.RMSNorm(4))),
]
FUNCTIONS = [
    (["avg_pool2d"], lambda x: F.avg_pool2d(x, x.shape[2:])),
    (["max_pool2d"], lambda x: torch.max_pool2d(x, 2, 2)),
    (["normalize"], lambda x: F.normalize(x)),
    (["normalize"], lambda x: F.normalize(x, p=1.0, dim=-1, eps=1e-3)),
    (["transpose", "matmul"], lambda x: x @ x.transpose(2, 3)),
    (["transpose", "matmul"], lambda x: torch.matmul(x.mT, x)),
    (["flatten", "transpose", "matmul"], lambda x: torch.bmm(x.flatten(2), x.flatten(2).transpose(1, 2))),
    (["flatten", "unsqueeze", "max_pool2d", "squeeze"], lambda x: F.max_pool1d(x.flatten(2), 3, 2, padding=1)),
    (["flatten", "unsqueeze", "avg_pool2d", "squeeze"], lambda x: F.avg_pool1d(x.flatten(2), 2)),
    (["adaptive_avg_pool2d", "flatten", "squeeze", "unsqueeze"], lambda x: F.adaptive_avg_pool1d(x.flatten(2), 5)),
]


@pytest.mark.parametrize(("wanted", "layer"), LAYERS, ids=str)
def test_a_layer(wanted, layer):
    assert ops(check(perturbed(layer))) == wanted


@pytest.mark.parametrize(("wanted", "function"), FUNCTIONS)
def test_a_function(wanted, function):
    found = ops(check(Apply(function)))
    assert sorted(set(found)) == sorted(set(wanted))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_same_padding_of_an_even_kernel_puts_the_odd_row_at_the_end():
    graph = check(perturbed(nn.Conv2d(4, 4, (2, 4), padding="same")))
    assert graph.nodes[0].attributes["pad"] == (0, 1, 0, 1)


def test_arguments_left_at_their_defaults_leave_no_attribute():
    graph = check(nn.Conv2d(4, 4, 1))
    assert graph.nodes[0].attributes == {}
    assert graph.nodes[0].inputs == ("x", "@weight", "@bias")


def test_a_bias_that_is_absent_leaves_no_input():
    assert check(nn.Conv2d(4, 4, 1, bias=False)).nodes[0].inputs == ("x", "@weight")


@pytest.mark.parametrize(
    ("match", "module"),
    [
        ("takes the statistics of its batch", nn.BatchNorm2d(4, track_running_stats=False)),
        ("max_pool2d_with_indices", nn.MaxPool2d(2, return_indices=True)),
        ("no op of the Platform for torch.*conv3d", Apply(lambda x: F.conv3d(x[:, None], torch.ones(1, 1, 1, 1, 1)))),
    ],
)
def test_what_has_no_op_is_refused_by_name(match, module):
    with pytest.raises(CaptureRefused, match=match):
        capture(module.eval(), IMAGE)
