"""Darknet-53: 53 layers, and other depths and widths."""

import torch

from models import Conv2d, Mish
from models.backbones import Darknet53


def test_it_has_52_convolutions_and_with_the_linear_layer_53():
    assert sum(isinstance(m, Conv2d) for m in Darknet53().modules()) == 52


def test_depths_and_width_are_options():
    model = Darknet53(depths=(1, 1, 2), width=4, act=Mish).eval()
    assert (model.channels, model.strides) == ((8, 16, 32), (2, 4, 8))
    assert sum(isinstance(m, Mish) for m in model.modules()) == 1 + 3 + 2 * 4
    maps = model(torch.zeros(1, 3, 33, 20))
    assert [tuple(m.shape[1:]) for m in maps] == [(8, 17, 10), (16, 9, 5), (32, 5, 3)]
