"""RetinaNet is torchvision's, and its boxes are, too."""

import pytest
import torch

from mcore.pretrained.loading import rename
from models.necks import RetinaNetFPN
from models.networks import RetinaNet
from tests.models.networks.torchvision_detectors import assert_near, pair, predictions


@pytest.fixture(scope="module")
def networks():
    return pair(RetinaNet)


@pytest.mark.parametrize("size", [(64, 96), (65, 47)])
def test_copied_weights_give_the_same_predictions(size, networks):
    theirs, raw, _ = networks
    x = torch.randn(2, 3, *size)
    with torch.no_grad():
        expected, found = predictions(theirs, x)[0], raw(x)
    assert list(found) == ["cls_logits", "bbox_regression"]
    for name, value in found.items():
        assert_near(value, expected[name])


def test_boxes_and_scores_are_torchvision_s(networks):
    theirs, raw, decoded = networks
    x = torch.randn(2, 3, 128, 256)  # torchvision takes strides from sizes; these are what they are where 128 divides
    with torch.no_grad():
        _, anchors = predictions(theirs, x)
        changes, found = raw(x), decoded(x)
    assert list(found) == ["boxes", "scores"]
    coder = theirs.box_coder
    for image in range(2):
        assert_near(found["boxes"][image], coder.decode_single(changes["bbox_regression"][image], anchors))
    assert_near(found["scores"], changes["cls_logits"].sigmoid())


def test_it_says_its_classes_strides_and_anchors():
    with torch.device("meta"):
        model = RetinaNet(num_classes=5)
    assert (model.num_classes, model.strides) == (5, (8, 16, 32, 64, 128))
    assert [len(sizes) for sizes in model.anchors] == [9] * 5
    assert model.anchors[0][3] == (32, 32)


def test_checkpoints_of_torchvision_s_first_version_have_a_key_map():
    old = ["head.classification_head.conv.6.weight", "backbone.fpn.inner_blocks.2.bias", "backbone.body.conv1.weight"]
    renamed, dropped = rename(dict.fromkeys(old, torch.zeros(1)), RetinaNet.key_maps["torchvision"])
    assert list(renamed) == ["head.classification_head.conv.3.0.weight", "neck.lateral.2.bias", "backbone.conv1.weight"]
    assert not dropped


def test_the_sixth_level_can_be_of_the_backbone_as_in_the_paper():
    neck = RetinaNetFPN(in_channels=(4, 6, 8), out_channels=2, beyond="backbone")
    assert neck.p6.in_channels == 8
    maps = neck([torch.randn(1, 4, 12, 20), torch.randn(1, 6, 6, 10), torch.randn(1, 8, 3, 5)])
    assert [tuple(m.shape[2:]) for m in maps] == [(12, 20), (6, 10), (3, 5), (2, 3), (1, 2)]
    with pytest.raises(ValueError, match=r"^RetinaNetFPN: beyond is 'pyramid' or 'backbone', got 'p5'$"):
        RetinaNetFPN(beyond="p5")
