"""FCN head."""

import torch

from models import GELU, Dropout
from models.heads import FCNHead


def test_it_scores_the_last_map_at_its_resolution():
    head = FCNHead(in_channels=(4, 16), in_strides=(4, 8), num_classes=3).eval()
    assert head.output_stride == 8
    last = torch.randn(2, 16, 5, 7)
    y = head([torch.zeros(2, 4, 10, 14), last])
    assert y.shape == (2, 3, 5, 7)
    assert torch.equal(y, head([torch.ones(2, 4, 10, 14), last]))


def test_it_narrows_to_a_quarter():
    head = FCNHead(in_channels=(16,), in_strides=(8,))
    assert head.score.in_channels == 4
    assert FCNHead(in_channels=(3,), in_strides=(8,)).score.in_channels == 1


def test_a_place_is_scored_from_its_neighbours_only():
    head = FCNHead(in_channels=(64,), in_strides=(8,), num_classes=2).eval()
    x = torch.randn(1, 64, 9, 9)
    changed = x.clone()
    changed[..., 4, 4] += 5.0
    difference = (head([x]) - head([changed])).abs().amax((0, 1))
    assert difference[4, 4] > 0
    difference[3:6, 3:6] = 0
    assert difference.max() == 0


def test_dropout_and_activation_are_those_of_the_constructor():
    head = FCNHead(dropout=0.25, act=GELU)
    assert [m.p for m in head.modules() if isinstance(m, Dropout)] == [0.25]
    assert any(isinstance(m, GELU) for m in head.modules())
