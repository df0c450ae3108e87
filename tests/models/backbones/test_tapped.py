"""Which maps of a row of layers are features."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from models import ReLU
from models.backbones.tapped import feature_taps, tapped


def test_the_last_map_before_each_halving_and_the_last_of_all():
    taps, channels, strides = feature_taps([(8, 2), (16, 2), (24, 4), (32, 8), (40, 8), (80, 8)])
    assert taps == (1, 2, 5)
    assert channels == (16, 24, 80)
    assert strides == (2, 4, 8)


def test_the_first_map_of_each_resolution_and_the_last_of_all():
    taps, channels, strides = feature_taps([(8, 2), (16, 2), (24, 4), (32, 8), (40, 8), (80, 8)], first=True)
    assert taps == (0, 2, 3, 5)
    assert channels == (8, 24, 32, 80)
    assert strides == (2, 4, 8, 8)
    assert feature_taps([(8, 2)], first=True) == ((0,), (8,), (2,))


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_there_is_one_map_of_each_stride_and_it_is_the_last(halvings):
    given, stride = [], 1
    for position, halves in enumerate(halvings):
        stride *= 2 if halves else 1
        given.append((position + 1, stride))
    taps, channels, strides = feature_taps(given)
    assert list(strides) == sorted({s for _, s in given})
    assert channels == tuple(max(c for c, s in given if s == stride) for stride in strides)
    assert [given[i] for i in taps] == list(zip(channels, strides, strict=True))


def test_the_pass_hands_out_the_maps_in_order():
    layers = [torch.nn.Flatten(), ReLU(), torch.nn.Linear(4, 2)]
    x = torch.randn(3, 4)
    maps = tapped(layers, (1, 2), x)
    assert torch.equal(maps[0], x.relu())
    assert torch.equal(maps[1], layers[2](x.relu()))
