"""Convolution, linear and normalization, as layers and as functions."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, ops, perturbed


class _Deep(nn.Module):
    def forward(self, x):
        return x.unsqueeze(2)


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
    (["conv_transpose2d"], nn.ConvTranspose2d(4, 4, 3, dilation=2)),
    (["flatten", "conv_transpose1d"], nn.Sequential(nn.Flatten(2), nn.ConvTranspose1d(4, 5, 3, 2, 1, 1))),
    (["unsqueeze", "conv3d"], nn.Sequential(_Deep(), nn.Conv3d(4, 6, (1, 3, 3), 1, (0, 1, 1)))),
    (["unsqueeze", "pad", "conv3d"], nn.Sequential(_Deep(), nn.Conv3d(4, 4, 3, padding=1, padding_mode="replicate"))),
    (["unsqueeze", "conv_transpose3d"], nn.Sequential(_Deep(), nn.ConvTranspose3d(4, 6, 2, 2, groups=2))),
    (["batch_norm"], nn.BatchNorm2d(4)),
    (["batch_norm"], nn.BatchNorm2d(4, track_running_stats=False)),
    (["batch_norm"], nn.BatchNorm2d(4, affine=False, track_running_stats=False)),
    (["unsqueeze", "batch_norm"], nn.Sequential(_Deep(), nn.BatchNorm3d(4))),
    (["unsqueeze", "instance_norm"], nn.Sequential(_Deep(), nn.InstanceNorm3d(4, affine=True))),
    (["flatten", "instance_norm"], nn.Sequential(nn.Flatten(2), nn.InstanceNorm1d(4))),
    (["local_response_norm"], nn.LocalResponseNorm(2)),
    (["local_response_norm"], nn.LocalResponseNorm(3, 0.5, 0.6, 2.0)),
    (["batch_norm"], nn.BatchNorm2d(4, affine=False, eps=1e-3)),
    (["group_norm"], nn.GroupNorm(2, 4)),
    (["group_norm"], nn.GroupNorm(1, 4, affine=False)),
    (["instance_norm"], nn.InstanceNorm2d(4)),
    (["instance_norm"], nn.InstanceNorm2d(4, affine=True, track_running_stats=True)),
    (["flatten", "conv1d"], nn.Sequential(nn.Flatten(2), nn.Conv1d(4, 5, 3, padding=1))),
    (["flatten", "batch_norm"], nn.Sequential(nn.Flatten(2), nn.BatchNorm1d(4))),
    (["permute", "layer_norm"], nn.Sequential(_ChannelsLast(), nn.LayerNorm(4))),
    (["permute", "layer_norm"], nn.Sequential(_ChannelsLast(), nn.LayerNorm(4, elementwise_affine=False, eps=1e-3))),
    (["permute", "linear"], nn.Sequential(_ChannelsLast(), nn.Linear(4, 7))),
    (["permute", "linear"], nn.Sequential(_ChannelsLast(), nn.Linear(4, 7, bias=False))),
    (["permute", "rms_norm"], nn.Sequential(_ChannelsLast(), nn.RMSNorm(4))),
    (["permute", "rms_norm"], nn.Sequential(_ChannelsLast(), nn.RMSNorm(4, 1e-3, elementwise_affine=False))),
]
FUNCTIONS = [
    (["normalize"], lambda x: F.normalize(x)),
    (["normalize"], lambda x: F.normalize(x, p=1.0, dim=-1, eps=1e-3)),
    (["transpose", "matmul"], lambda x: x @ x.transpose(2, 3)),
    (["transpose", "matmul"], lambda x: torch.matmul(x.mT, x)),
    (["flatten", "transpose", "matmul"], lambda x: torch.bmm(x.flatten(2), x.flatten(2).transpose(1, 2))),
    (["rms_norm"], lambda x: F.rms_norm(x, x.shape[-1:])),
    (["rms_norm"], lambda x: torch.rms_norm(x, x.shape[2:], eps=0.1)),
    (["local_response_norm"], lambda x: F.local_response_norm(x, size=4, k=0.5)),
    (["select", "unsqueeze", "conv2d", "squeeze"], lambda x: F.conv2d(x[0], torch.ones(3, 4, 2, 2))),
    (
        ["select", "unsqueeze", "conv_transpose1d", "squeeze"],
        lambda x: F.conv_transpose1d(x[0, :, 0], torch.ones(4, 2, 3)),
    ),
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


class _To(nn.Module):
    """A transposed convolution that is told how large its result is to be."""

    def __init__(self, **options):
        super().__init__()
        self.down, self.up = nn.Conv2d(4, 4, 3, 2, 1), nn.ConvTranspose2d(4, 4, 3, 2, 1, **options)

    def forward(self, x):
        return self.up(self.down(x), output_size=x.shape[2:])


def test_the_output_of_a_transposed_convolution_may_have_the_size_of_its_input():
    assert ops(check(perturbed(_To()))) == ["conv2d", "conv_transpose2d"]


def test_arguments_left_at_their_defaults_leave_no_attribute():
    graph = check(nn.Conv2d(4, 4, 1))
    assert graph.nodes[0].attributes == {}
    assert graph.nodes[0].inputs == ("x", "@weight", "@bias")


def test_a_bias_that_is_absent_leaves_no_input():
    assert check(nn.Conv2d(4, 4, 1, bias=False)).nodes[0].inputs == ("x", "@weight")


@pytest.mark.parametrize(
    ("match", "module"),
    [
        (
            "batch_norm moves its running statistics",
            Apply(lambda x: F.batch_norm(x, torch.zeros(4), torch.ones(4), training=True)),
        ),
        ("no op of the Platform for torch.*fft", Apply(lambda x: torch.fft.fft(x).real)),
    ],
)
def test_what_has_no_op_is_refused_by_name(match, module):
    with pytest.raises(CaptureRefused, match=match):
        capture(module.eval(), IMAGE)
