"""Heads that join maps at the finest one's resolution: PSPNet's, UPerNet's, SegFormer's and OCR."""

import pytest
import torch

from models.heads import OCRHead, PSPHead, SegFormerHead, UPerHead
from tests.models.features import features

CHANNELS, STRIDES = (4, 8, 16), (4, 8, 16)
SIZES = [((16, 24), (8, 12), (4, 6)), ((17, 23), (9, 12), (5, 6)), ((3, 4), (2, 2), (1, 1))]


def count(module):
    return sum(p.numel() for p in module.parameters())


def normalized(kernel, before, after):
    """Parameters of a convolution without a bias, and of its normalization."""
    return kernel * kernel * before * after + 2 * after


def small(target, **parameters):
    given = {"in_channels": CHANNELS, "in_strides": STRIDES, "num_classes": 3, "width": 6, **parameters}
    return target(**given).eval()


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("target", "stride"), [(PSPHead, 16), (UPerHead, 4), (SegFormerHead, 4), (OCRHead, 4)])
def test_scores_have_the_resolution_that_the_head_says(target, stride, sizes):
    head = small(target)
    assert head.output_stride == stride
    assert head(features(sizes, CHANNELS)).shape == (1, 3, *sizes[STRIDES.index(stride)])


@pytest.mark.parametrize("target", [UPerHead, SegFormerHead, OCRHead])
def test_every_map_matters(target):
    head, given = small(target), features(SIZES[0], CHANNELS)
    with torch.no_grad():
        before = head(given)
        for i in range(3):
            assert not torch.allclose(head([f + 1.0 if i == j else f for j, f in enumerate(given)]), before)


@pytest.mark.parametrize("target", [UPerHead, OCRHead])
def test_the_map_of_the_stem_is_left_out(target):
    head = small(target, in_strides=(2, 4, 8))
    assert head.output_stride == 4
    given = features(((32, 32), (16, 16), (8, 8)), CHANNELS)
    with torch.no_grad():
        assert torch.equal(head(given), head([given[0] + 1.0, *given[1:]]))
    with pytest.raises(
        ValueError, match=rf"^{target.__name__}: no map has a stride of 4 or more, got strides \(1, 2\)$"
    ):
        small(target, in_channels=(4, 8), in_strides=(1, 2))


def test_psp_has_the_papers_parameters():
    pooling = 4 * normalized(1, 2048, 512)
    assert count(PSPHead(num_classes=19)) == pooling + normalized(3, 4096, 512) + 512 * 19 + 19


def test_uper_has_the_papers_parameters():
    """Figure 4: pooling to 512 a grid, a pyramid of 512, and a fusion of its four maps."""
    pooling = 4 * normalized(1, 2048, 512) + normalized(3, 2048 + 4 * 512, 512)
    pyramid = sum(normalized(1, c, 512) for c in (256, 512, 1024)) + 3 * normalized(3, 512, 512)
    assert (
        count(UPerHead(num_classes=150, width=512)) == pooling + pyramid + normalized(3, 4 * 512, 512) + 512 * 150 + 150
    )


def test_segformer_has_the_papers_parameters():
    projections = sum(c * 256 + 256 for c in (32, 64, 160, 256))
    assert count(SegFormerHead()) == projections + normalized(1, 4 * 256, 256) + 256 * 150 + 150 == 433_302


def test_segformer_projects_places_not_neighbourhoods():
    head, given = small(SegFormerHead), features(SIZES[0], CHANNELS)
    changed = given[0].clone()
    changed[..., 5, 7] += 5.0
    with torch.no_grad():
        difference = (head(given) - head([changed, *given[1:]])).abs().amax((0, 1))
    assert difference[5, 7] > 0
    difference[5, 7] = 0
    assert difference.max() == 0


def test_ocr_has_the_parameters_of_the_release():
    """Convolutions before the pixels and the soft regions have a bias beside their normalization, as there."""
    joined = 48 + 96 + 192 + 384
    pixels = normalized(3, joined, 512) + 512
    regions = normalized(1, joined, joined) + joined + joined * 19 + 19
    attention = 2 * (normalized(1, 512, 256) + normalized(1, 256, 256)) + 2 * normalized(1, 512, 256) + 2 * (512 - 256)
    assert count(OCRHead()) == pixels + regions + attention + normalized(1, 1024, 512) + 512 * 19 + 19


def test_ocr_regions_are_means_weighted_by_the_scores():
    head = small(OCRHead)
    pixels = torch.arange(24.0).view(1, 6, 2, 2)
    sure = torch.full((1, 3, 2, 2), -100.0)
    sure[0, 0, 0, 1] = sure[0, 1, 1, 0] = 100.0  # of the third class, all places are equally likely
    regions = head._regions(pixels, sure)
    assert regions.shape == (1, 6, 3, 1)
    torch.testing.assert_close(regions[0, :, 0, 0], pixels[0, :, 0, 1])
    torch.testing.assert_close(regions[0, :, 1, 0], pixels[0, :, 1, 0])
    torch.testing.assert_close(regions[0, :, 2, 0], pixels[0].mean((1, 2)))


def test_ocr_attends_as_torchs_attention_does():
    """The context of each pixel is an attention of one head over the regions."""
    head, given = small(OCRHead, key_width=4), features(SIZES[0], CHANNELS)
    held = {}
    for name in ("query", "key", "value"):
        getattr(head, name).register_forward_hook(lambda m, i, output, name=name: held.update({name: output}))
    head.context.register_forward_pre_hook(lambda m, inputs: held.update(context=inputs[0]))
    with torch.no_grad():
        head(given)
        query, key, value = (held[name].flatten(2).transpose(1, 2) for name in ("query", "key", "value"))
        expected = torch.nn.functional.scaled_dot_product_attention(query, key, value)
    torch.testing.assert_close(held["context"].flatten(2).transpose(1, 2), expected)
