"""Feature pyramid."""

import pytest
import torch

from models.necks import FPN
from tests.models.features import identity


def features(sizes, channels):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(1, c, *size, generator=generator) for c, size in zip(channels, sizes, strict=True)]


@pytest.mark.parametrize("sizes", [((16, 24), (8, 12)), ((17, 23), (9, 12))])
def test_maps_keep_their_sizes_and_get_one_width(sizes):
    neck = FPN(in_channels=(4, 8), in_strides=(4, 8), out_channels=6).eval()
    maps = neck(features(sizes, (4, 8)))
    assert [tuple(m.shape) for m in maps] == [(1, 6, *size) for size in sizes]
    assert (neck.channels, neck.strides) == ((6, 6), (4, 8))


def test_the_map_of_the_stem_is_left_out():
    neck = FPN(in_channels=(2, 4, 8), in_strides=(2, 4, 8), out_channels=6).eval()
    assert neck.strides == (4, 8)
    assert neck.in_strides == (2, 4, 8)
    given = features(((32, 32), (16, 16), (8, 8)), (2, 4, 8))
    with_other_stem = [given[0] + 1.0, *given[1:]]
    assert len(neck(given)) == 2
    assert all(torch.equal(a, b) for a, b in zip(neck(given), neck(with_other_stem), strict=True))
    assert FPN(in_channels=(2, 4), in_strides=(2, 4), finest=2).strides == (2, 4)


def test_what_coarse_maps_know_flows_down_and_not_up():
    neck = FPN(in_channels=(4, 8), in_strides=(4, 8), out_channels=6).eval()
    fine, coarse = features(((16, 16), (8, 8)), (4, 8))
    base = neck([fine, coarse])
    other_coarse, other_fine = neck([fine, coarse + 1.0]), neck([fine + 1.0, coarse])
    assert not torch.allclose(other_coarse[0], base[0])
    assert torch.equal(other_fine[1], base[1])


def test_with_weights_of_one_the_sum_is_what_the_paper_draws():
    """Identity laterals and outputs: the finest map is itself and the coarser ones at its size."""
    neck = FPN(in_channels=(1, 1), in_strides=(4, 8), out_channels=1).eval()
    with torch.no_grad():
        for layer in (*neck.lateral, *neck.output):
            layer.weight.zero_()
            layer.weight[..., layer.kernel_size[0] // 2, layer.kernel_size[1] // 2] = 1.0
            layer.bias.zero_()
    fine, coarse = torch.full((1, 1, 6, 6), 2.0), torch.full((1, 1, 3, 3), 3.0)
    with torch.no_grad():
        top = neck([fine, coarse])
    torch.testing.assert_close(top[0], torch.full((1, 1, 6, 6), 5.0))
    torch.testing.assert_close(top[1], coarse)


def test_features_that_it_cannot_take_are_refused():
    with pytest.raises(ValueError, match=r"^FPN: 2 channels and 1 strides"):
        FPN(in_channels=(4, 8), in_strides=(4,))
    with pytest.raises(ValueError, match=r"^FPN: no map has a stride of 4 or more, got strides \(1, 2\)$"):
        FPN(in_channels=(4, 8), in_strides=(1, 2))


def test_maps_are_resized_by_nearest_neighbours_where_one_says():
    neck = FPN(in_channels=(1, 1), in_strides=(4, 8), out_channels=1, mode="nearest")
    identity(*neck.lateral, *neck.output)
    fine, _ = neck([torch.zeros(1, 1, 2, 4), torch.tensor([[[[1.0, 2.0]]]])])
    assert fine[0, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]
    with pytest.raises(ValueError, match=r"^FPN: mode is 'bilinear' or 'nearest', got 'cubic'$"):
        FPN(mode="cubic")
