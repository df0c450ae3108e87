"""FCOS is torchvision's where levels have no factor, and its boxes are, too."""

import pytest
import torch

from models.heads import FCOSHead
from models.networks import FCOS
from tests.models.networks.torchvision_detectors import assert_near, pair, predictions


@pytest.fixture(scope="module")
def networks():
    return pair(FCOS)


@pytest.mark.parametrize("size", [(64, 96), (65, 47)])
def test_copied_weights_give_the_same_predictions(size, networks):
    theirs, raw, _ = networks
    x = torch.randn(2, 3, *size)
    with torch.no_grad():
        expected, found = predictions(theirs, x)[0], raw(x)
    assert list(found) == ["cls_logits", "bbox_regression", "bbox_ctrness"]
    for name, value in found.items():
        assert_near(value, expected[name])


def test_boxes_and_scores_are_torchvision_s(networks):
    theirs, raw, decoded = networks
    x = torch.randn(2, 3, 128, 256)  # torchvision takes strides from sizes; these are what they are where 128 divides
    with torch.no_grad():
        _, anchors = predictions(theirs, x)
        distances, found = raw(x), decoded(x)
    coder = theirs.head.box_coder
    assert_near(found["boxes"], coder.decode(distances["bbox_regression"], anchors.expand(2, -1, -1)))
    assert_near(found["scores"], (distances["cls_logits"].sigmoid() * distances["bbox_ctrness"].sigmoid()).sqrt())


def test_each_level_has_a_factor_of_its_distances():
    model = FCOS(num_classes=2).eval()
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = model(x)["bbox_regression"]
        model.head.scales.copy_(torch.tensor([2.0, 1.0, 1.0, 1.0, 3.0]))
        after = model(x)["bbox_regression"]
    assert torch.equal(after[:, :64], 2 * before[:, :64])
    assert torch.equal(after[:, 64:-1], before[:, 64:-1])
    assert torch.equal(after[:, -1:], 3 * before[:, -1:])


def test_features_of_different_widths_are_refused():
    with pytest.raises(ValueError, match=r"^FCOSHead: all features have the same channels, got \(32, 64\)$"):
        FCOSHead(in_channels=(32, 64), in_strides=(8, 16))
