"""U-Net's decoder over features."""

import pytest
import torch

from models.heads import UNetDecoder


def features(sizes, channels=(4, 8, 16)):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(1, c, *size, generator=generator) for c, size in zip(channels, sizes, strict=True)]


@pytest.mark.parametrize("sizes", [((16, 24), (8, 12), (4, 6)), ((17, 23), (9, 12), (5, 6)), ((5, 4), (3, 2), (2, 1))])
def test_it_ends_at_the_size_of_the_finest_map(sizes):
    head = UNetDecoder(in_channels=(4, 8, 16), in_strides=(2, 4, 8), num_classes=3).eval()
    assert head.output_stride == 2
    assert head(features(sizes)).shape == (1, 3, *sizes[0])


def test_every_map_matters():
    head = UNetDecoder(in_channels=(4, 8, 16), in_strides=(2, 4, 8), num_classes=3).eval()
    given = features(((16, 16), (8, 8), (4, 4)))
    before = head(given)
    for i in range(3):
        changed = [f + 1.0 if i == j else f for j, f in enumerate(given)]
        assert not torch.allclose(head(changed), before)


def test_widths_halve_by_default_and_can_be_given():
    default = UNetDecoder(in_channels=(4, 4, 8, 8, 16, 16), in_strides=(1, 2, 4, 8, 16, 32))
    assert [up.conv[1][0].out_channels for up in default.up] == [256, 128, 64, 32, 16]
    assert UNetDecoder(in_channels=(4, 8), in_strides=(2, 4), widths=(12,)).score.in_channels == 12


def test_without_normalization_convolutions_have_biases():
    head = UNetDecoder(in_channels=(4, 8), in_strides=(2, 4), norm=None)
    assert not any("running_mean" in key for key in head.state_dict())
    assert head.up[0].conv[0][0].bias is not None


@pytest.mark.parametrize(
    ("channels", "strides", "widths", "text"),
    [
        ((8,), (4,), None, "each of two or more features has twice the stride of the one before, got 8 at 1/4"),
        ((4, 8, 8), (2, 4, 4), None, "each of two or more features has twice the stride of the one before"),
        ((4, 8), (2, 8), None, "each of two or more features has twice the stride of the one before"),
        ((4, 8), (2, 4), (16, 8), "1 steps up from 2 features need as many widths"),
    ],
)
def test_features_that_it_cannot_climb_are_refused(channels, strides, widths, text):
    with pytest.raises(ValueError, match=f"^UNetDecoder: {text}"):
        UNetDecoder(in_channels=channels, in_strides=strides, widths=widths)
