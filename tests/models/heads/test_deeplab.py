"""DeepLab's heads."""

import pytest
import torch

from models.heads import DeepLabV3Head, DeepLabV3PlusHead
from tests.models.features import features
from tests.models.torchvision_reference import torchvision


def count(module):
    return sum(p.numel() for p in module.parameters())


def plus(**parameters):
    given = {"in_channels": (4, 8, 16), "in_strides": (2, 4, 16), "num_classes": 3, "width": 8, "detail_width": 5}
    return DeepLabV3PlusHead(**{**given, **parameters}).eval()


def test_v3_has_as_many_parameters_as_torchvisions():
    assert count(DeepLabV3Head()) == count(torchvision().models.segmentation.deeplabv3.DeepLabHead(2048, 21))


def test_v3_scores_the_last_map_at_its_resolution():
    head = DeepLabV3Head(in_channels=(4, 16), in_strides=(4, 8), num_classes=3, width=8, rates=(1, 2)).eval()
    assert head.output_stride == 8
    given = features(((10, 14), (5, 7)), (4, 16))
    assert head(given).shape == (1, 3, 5, 7)
    assert torch.equal(head(given), head([given[0] + 1.0, given[1]]))


@pytest.mark.parametrize("sizes", [((32, 48), (16, 24), (4, 6)), ((33, 47), (17, 24), (5, 6))])
def test_v3_plus_scores_at_the_resolution_of_its_detail(sizes):
    head = plus()
    assert head.output_stride == 4
    given = features(sizes, (4, 8, 16))
    assert head(given).shape == (1, 3, *sizes[1])
    before = head(given)
    for i, used in enumerate((False, True, True)):
        changed = head([f + 1.0 if i == j else f for j, f in enumerate(given)])
        assert torch.equal(changed, before) != used


def test_v3_plus_takes_the_detail_that_is_asked_for():
    assert plus(detail_stride=2).output_stride == 2
    assert plus(detail_stride=1).project[0].in_channels == 4


def test_v3_plus_has_the_papers_decoder():
    """Over the pyramid: 1x1 to 48, 3x3 of 304 to 256, 3x3 of 256 to 256, each normalized, and the scores."""
    decoder = 256 * 48 + 2 * 48 + 9 * 304 * 256 + 2 * 256 + 9 * 256 * 256 + 2 * 256 + 256 * 21 + 21
    head = DeepLabV3PlusHead()
    assert count(head) - count(head.aspp) == decoder


def test_v3_plus_needs_a_finer_map():
    text = r"^DeepLabV3PlusHead: no map before the last has a stride of 4 or more, got strides \(2, 16\)$"
    with pytest.raises(ValueError, match=text):
        plus(in_channels=(4, 16), in_strides=(2, 16))
