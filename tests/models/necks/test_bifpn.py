"""Bidirectional feature pyramid."""

import pytest
import torch

from models.necks import BiFPN
from tests.models.features import features


def small(**parameters):
    return BiFPN(**{"in_channels": (4, 8, 8), "in_strides": (8, 16, 32), "out_channels": 6, "levels": 4, **parameters})


@pytest.mark.parametrize("sizes", [((16, 24), (8, 12), (4, 6)), ((17, 23), (9, 12), (5, 6)), ((3, 4), (2, 2), (1, 1))])
def test_maps_keep_their_sizes_and_those_beyond_halve_them(sizes):
    neck = small().eval()
    (height, width) = sizes[-1]
    beyond = ((height + 1) // 2, (width + 1) // 2)
    assert [tuple(m.shape) for m in neck(features(sizes, (4, 8, 8)))] == [(1, 6, *size) for size in (*sizes, beyond)]
    assert (neck.channels, neck.strides) == ((6,) * 4, (8, 16, 32, 64))


@pytest.mark.parametrize(("width", "repeats", "channels"), [(64, 3, (40, 112, 320)), (88, 4, (40, 112, 320))])
def test_number_of_parameters_is_what_the_papers_layers_have(width, repeats, channels):
    """EfficientDet-D0's and D1's: eight nodes a layer, four of which join two maps, three three, and the last two."""
    laterals = sum(c * width + width + 2 * width for c in (*channels, channels[-1]))
    node = 9 * width + width * width + width + 2 * width
    layer = 8 * node + 4 * 2 + 3 * 3 + 2
    neck = BiFPN(in_channels=channels, out_channels=width, repeats=repeats)
    assert sum(p.numel() for p in neck.parameters()) == laterals + repeats * layer


def test_every_map_reaches_every_map_in_one_layer():
    neck = small(repeats=1).eval()
    given = features(((16, 16), (8, 8), (4, 4)), (4, 8, 8))
    base = neck(given)
    for i in range(3):
        changed = neck([f + 1.0 if i == j else f for j, f in enumerate(given)])
        assert all(not torch.allclose(a, b) for a, b in zip(base, changed, strict=True))


def test_fusion_is_a_mean_by_weights_that_are_not_negative():
    node = small().layers[0].up[0]
    node.act, node.conv = torch.nn.Identity(), torch.nn.Identity()
    with torch.no_grad():
        node.weight.copy_(torch.tensor([3.0, -5.0, 1.0]))
        joined = node([torch.full((1, 6, 2, 2), value) for value in (1.0, 100.0, 5.0)])
    torch.testing.assert_close(joined, torch.full((1, 6, 2, 2), (3.0 * 1.0 + 1.0 * 5.0) / 4.0001))


def test_maps_finer_than_the_finest_are_left_out():
    neck = BiFPN(in_channels=(2, 4, 8), in_strides=(2, 8, 16), out_channels=6, levels=2).eval()
    given = features(((32, 32), (8, 8), (4, 4)), (2, 4, 8))
    assert neck.strides == (8, 16)
    assert neck.beyond is None
    assert torch.equal(neck(given)[0], neck([given[0] + 1.0, *given[1:]])[0])


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"in_strides": (8, 8, 16)}, r"each stride is twice the one before from 8 on, got strides \(8, 8, 16\)"),
        ({"in_strides": (1, 2, 4)}, r"4 levels cannot be made of maps of strides \(\) from 8 on"),
        ({"levels": 2}, r"2 levels cannot be made of maps of strides \(8, 16, 32\) from 8 on"),
        ({"in_strides": (8, 16)}, "3 channels and 2 strides do not describe"),
    ],
)
def test_features_that_it_cannot_take_are_refused(parameters, text):
    with pytest.raises(ValueError, match=f"^BiFPN: {text}"):
        small(**parameters)
