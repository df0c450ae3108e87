"""Path aggregation."""

import pytest
import torch

from models import BatchNorm2d
from models.necks import FPN, PAN
from tests.models.features import features, identity


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("sizes", [((16, 24), (8, 12), (4, 6)), ((17, 23), (9, 12), (5, 6))])
def test_maps_keep_their_sizes_and_get_one_width(sizes):
    neck = PAN(in_channels=(4, 8, 8), in_strides=(4, 8, 16), out_channels=6).eval()
    assert [tuple(m.shape) for m in neck(features(sizes, (4, 8, 8)))] == [(1, 6, *size) for size in sizes]
    assert (neck.channels, neck.strides) == ((6, 6, 6), (4, 8, 16))


def test_it_is_a_pyramid_and_two_convolutions_with_biases_for_each_further_map():
    assert count(PAN()) == count(FPN()) + 3 * 2 * (9 * 256 * 256 + 256)
    assert any(isinstance(m, BatchNorm2d) for m in PAN(out_channels=4, norm=BatchNorm2d).modules())
    assert not any(isinstance(m, BatchNorm2d) for m in PAN(out_channels=4).modules())


def test_the_finest_map_is_the_pyramids_and_reaches_every_coarser_one():
    neck = PAN(in_channels=(4, 8, 8), in_strides=(4, 8, 16), out_channels=6).eval()
    given = features(((16, 16), (8, 8), (4, 4)), (4, 8, 8))
    base, pyramid = neck(given), neck.fpn(given)
    assert torch.equal(base[0], pyramid[0])
    other = neck([given[0] + 1.0, *given[1:]])
    assert all(not torch.allclose(a, b) for a, b in zip(base, other, strict=True))


def test_with_weights_of_one_the_sums_are_what_the_paper_draws():
    neck = PAN(in_channels=(1, 1), in_strides=(4, 8), out_channels=1).eval()
    identity(*neck.fpn.lateral, *neck.fpn.output, neck.down[0][0], neck.output[0][0])
    with torch.no_grad():
        fine, coarse = neck([torch.full((1, 1, 6, 6), 2.0), torch.full((1, 1, 3, 3), 3.0)])
    torch.testing.assert_close(fine, torch.full((1, 1, 6, 6), 5.0))
    torch.testing.assert_close(coarse, torch.full((1, 1, 3, 3), 3.0 + 5.0))


def test_maps_of_equal_stride_are_joined_without_striding():
    neck = PAN(in_channels=(2, 4, 8), in_strides=(2, 8, 8), out_channels=6).eval()
    assert [m.shape[2:] for m in neck(features(((16, 16), (4, 4), (4, 4)), (2, 4, 8)))] == [(4, 4), (4, 4)]


def test_features_that_it_cannot_take_are_refused():
    with pytest.raises(ValueError, match=r"^PAN: each stride divides the next, got strides \(4, 6\)$"):
        PAN(in_channels=(4, 8), in_strides=(4, 6))
    with pytest.raises(ValueError, match=r"^FPN: 2 channels and 1 strides"):
        PAN(in_channels=(4, 8), in_strides=(4,))
