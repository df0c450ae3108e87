"""Pooling and unpooling, as layers and as functions."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.mcore.convert.harness import Apply, check, ops, perturbed


class _Deep(nn.Module):
    def forward(self, x):
        return x.unsqueeze(2)


LAYERS = [
    (["max_pool2d"], nn.MaxPool2d(2)),
    (["max_pool2d"], nn.MaxPool2d(3, 2, padding=1, dilation=2, ceil_mode=True)),
    (["max_pool2d"], nn.MaxPool2d(2, return_indices=True)),
    (["flatten", "max_pool1d"], nn.Sequential(nn.Flatten(2), nn.MaxPool1d(3, 2, 1, ceil_mode=True))),
    (["flatten", "max_pool1d"], nn.Sequential(nn.Flatten(2), nn.MaxPool1d(3, return_indices=True))),
    (["unsqueeze", "max_pool3d"], nn.Sequential(_Deep(), nn.MaxPool3d((1, 2, 3)))),
    (["unsqueeze", "max_pool3d"], nn.Sequential(_Deep(), nn.MaxPool3d((1, 2, 3), return_indices=True))),
    (["avg_pool2d"], nn.AvgPool2d(2)),
    (["avg_pool2d"], nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)),
    (["flatten", "avg_pool1d"], nn.Sequential(nn.Flatten(2), nn.AvgPool1d(3, 2, 1))),
    (["unsqueeze", "avg_pool3d"], nn.Sequential(_Deep(), nn.AvgPool3d((1, 3, 3), 2, divisor_override=2))),
    (["adaptive_avg_pool2d"], nn.AdaptiveAvgPool2d(1)),
    (["adaptive_avg_pool2d"], nn.AdaptiveAvgPool2d((3, None))),
    (["flatten", "adaptive_avg_pool1d"], nn.Sequential(nn.Flatten(2), nn.AdaptiveAvgPool1d(5))),
    (["unsqueeze", "adaptive_avg_pool3d"], nn.Sequential(_Deep(), nn.AdaptiveAvgPool3d((1, None, 2)))),
    (["adaptive_max_pool2d"], nn.AdaptiveMaxPool2d((2, 3))),
    (["adaptive_max_pool2d"], nn.AdaptiveMaxPool2d((2, None), return_indices=True)),
    (["flatten", "adaptive_max_pool1d"], nn.Sequential(nn.Flatten(2), nn.AdaptiveMaxPool1d(5))),
    (["flatten", "adaptive_max_pool1d"], nn.Sequential(nn.Flatten(2), nn.AdaptiveMaxPool1d(5, True))),
    (["unsqueeze", "adaptive_max_pool3d"], nn.Sequential(_Deep(), nn.AdaptiveMaxPool3d((1, 2, 2)))),
    (["unsqueeze", "adaptive_max_pool3d"], nn.Sequential(_Deep(), nn.AdaptiveMaxPool3d((1, 2, 2), True))),
    (["pow", "avg_pool2d", "mul", "pow"], nn.Sequential(nn.LPPool2d(2, 3, 2))),
    (["flatten", "pow", "avg_pool1d", "mul", "pow"], nn.Sequential(nn.Flatten(2), nn.LPPool1d(2.0, 3))),
    (
        ["unsqueeze", "pow", "avg_pool3d", "mul", "pow"],
        nn.Sequential(_Deep(), nn.LPPool3d(4, (1, 2, 3), ceil_mode=True)),
    ),
]
FUNCTIONS = [
    (["avg_pool2d"], lambda x: F.avg_pool2d(x, x.shape[2:])),
    (["max_pool2d"], lambda x: torch.max_pool2d(x, 2, 2)),
    (["max_pool2d"], lambda x: F.max_pool2d(x, 2, stride=[])),
    (["avg_pool2d"], lambda x: F.avg_pool2d(x, 2, stride=[])),
    (["flatten", "max_pool1d"], lambda x: F.max_pool1d(x.flatten(2), 3, 2, padding=1)),
    (["flatten", "max_pool1d"], lambda x: torch.max_pool1d(x.flatten(2), 3, dilation=2)),
    (["max_pool2d", "mul", "add"], lambda x: sum(v * 2 for v in F.max_pool2d_with_indices(x, 3, 2))),
    (["flatten", "avg_pool1d"], lambda x: F.avg_pool1d(x.flatten(2), 2)),
    (["flatten", "adaptive_avg_pool1d"], lambda x: torch.adaptive_avg_pool1d(x.flatten(2), 5)),
    (["max_pool2d", "max_unpool2d"], lambda x: F.max_unpool2d(
        *F.max_pool2d(x, 2, return_indices=True), 2, output_size=x.shape)),
    (["select", "max_pool1d", "max_unpool1d"], lambda x: F.max_unpool1d(
        *F.max_pool1d(x[:, :, 0], 2, return_indices=True), 2, output_size=x[:, :, 0].shape)),
    (["unsqueeze", "max_pool3d", "max_unpool3d"], lambda x: F.max_unpool3d(
        *F.max_pool3d(x[:, :, None], (1, 2, 2), return_indices=True), (1, 2, 2), output_size=(1, *x.shape[2:]))),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "layer"), LAYERS, ids=str)
def test_a_layer(wanted, layer):
    assert ops(check(perturbed(layer))) == wanted


@pytest.mark.parametrize(("wanted", "function"), FUNCTIONS)
def test_a_function(wanted, function):
    assert sorted(set(ops(check(Apply(function))))) == sorted(set(wanted))


def test_a_way_down_and_up_again():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.pool, self.unpool = nn.MaxPool2d(2, 2, return_indices=True), nn.MaxUnpool2d(2, 2)

        def forward(self, x):
            values, where = self.pool(x)
            return self.unpool(values, where, output_size=x.size())

    assert ops(check(Net())) == ["max_pool2d", "max_unpool2d"]
