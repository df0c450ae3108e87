"""SSD300 is torchvision's, and its boxes are, too."""

import pytest
import torch

from models.heads import SSDHead
from models.networks import SSD300
from tests.models.networks.torchvision_detectors import assert_near, pair, predictions


@pytest.fixture(scope="module")
def computed():
    """torchvision's network, its predictions and anchors, and what ours makes of the same image."""
    theirs, ours, _ = pair(SSD300)
    x = torch.randn(1, 3, 300, 300, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = ours.backbone(x)
        raw = ours.head(features)
        return theirs, *predictions(theirs, x), features, raw, ours.head.decode(raw, features)


def test_copied_weights_give_the_same_predictions(computed):
    _, expected, _, _, raw, _ = computed
    assert list(raw) == ["cls_logits", "bbox_regression"]
    for name, value in raw.items():
        assert_near(value, expected[name])


def test_the_maps_of_an_image_of_300_pixels_are_the_paper_s(computed):
    _, _, _, features, raw, _ = computed
    assert [tuple(f.shape[1:]) for f in features] == [
        (512, 38, 38),
        (1024, 19, 19),
        (512, 10, 10),
        (256, 5, 5),
        (256, 3, 3),
        (256, 1, 1),
    ]
    assert raw["cls_logits"].shape[1] == 8732


def test_boxes_and_scores_are_torchvision_s(computed):
    theirs, _, anchors, _, raw, found = computed
    assert_near(found["boxes"][0], theirs.box_coder.decode_single(raw["bbox_regression"][0], anchors))
    expected = raw["cls_logits"].softmax(dim=-1)
    assert_near(found["scores"][..., 1:], expected[..., 1:])
    assert not found["scores"][..., 0].any()


def test_it_says_its_classes_strides_and_anchors():
    with torch.device("meta"):
        model = SSD300(num_classes=21)
    assert (model.num_classes, model.strides) == (21, (8, 16, 32, 64, 100, 300))
    assert [len(boxes) for boxes in model.anchors] == [4, 6, 6, 6, 4, 4]
    assert model.anchors[0][0] == (21, 21)
    assert max(max(box) for boxes in model.anchors for box in boxes) == 300


def test_default_boxes_that_are_not_of_all_maps_are_refused():
    message = r"^SSDHead: 2 features need as many ratios and steps and one size more, got 2, 2 and 2$"
    with pytest.raises(ValueError, match=message):
        SSDHead(in_channels=(8, 8), in_strides=(8, 16), sizes=(20, 40), ratios=((2,), (2,)), steps=(8, 16))
