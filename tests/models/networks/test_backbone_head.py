"""Backbone and head as one network: any pair that fits, and one line for a pair that does not."""

import pytest
import torch

from mcore.platform.eager.constructor import rebuild
from models import backbones
from models.backbones import MobileNetV2, ResNet18, ResNet50
from models.heads import ClassificationHead, FCNHead, UNetDecoder
from models.necks import FPN
from models.networks.backbone_head import BackboneHead


@pytest.mark.parametrize("head", [ClassificationHead, FCNHead, UNetDecoder])
@pytest.mark.parametrize("name", ["ResNet18", "SEResNet50", "MobileNetV2"])
def test_any_head_fits_any_backbone(name, head):
    backbone = getattr(backbones, name)()
    fitting = head(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=3)
    model = BackboneHead(backbone=backbone, head=fitting).eval()
    with torch.no_grad():
        y = model(torch.zeros(2, 3, 35, 50))
    assert y.shape == ((2, 3) if head is ClassificationHead else (2, 3, 35, 50))
    assert model.parts == {"backbone": name, "head": head.__name__}
    assert model.sampling == backbone.sampling


def test_a_neck_stands_between():
    backbone = ResNet18()
    neck = FPN(in_channels=backbone.channels, in_strides=backbone.strides, out_channels=32)
    head = UNetDecoder(in_channels=neck.channels, in_strides=neck.strides, num_classes=3)
    model = BackboneHead(backbone=backbone, neck=neck, head=head).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 45, 61)).shape == (1, 3, 45, 61)
    assert model.parts == {"backbone": "ResNet18", "neck": "FPN", "head": "UNetDecoder"}
    assert {k.partition(".")[0] for k in model.state_dict()} == {"backbone", "neck", "head"}


def test_a_head_of_other_channels_is_refused_in_one_line():
    with pytest.raises(
        ValueError, match=r"^FCNHead takes features of 2048 at 1/8, but ResNet18 gives 64 at 1/2, .*512 at 1/32$"
    ):
        BackboneHead(backbone=ResNet18(), head=FCNHead())


def test_a_head_of_other_strides_is_refused():
    dilated = ResNet18(output_stride=8)
    head = FCNHead(in_channels=dilated.channels, in_strides=dilated.strides)
    with pytest.raises(ValueError, match=r"FCNHead takes .*512 at 1/8, but ResNet18 gives .*512 at 1/32"):
        BackboneHead(backbone=ResNet18(), head=head)


def test_a_neck_that_does_not_fit_is_refused_and_so_is_a_head_behind_a_neck():
    backbone = MobileNetV2()
    with pytest.raises(ValueError, match=r"FPN takes .* but MobileNetV2 gives"):
        BackboneHead(backbone=backbone, neck=FPN(), head=FCNHead())
    neck = FPN(in_channels=backbone.channels, in_strides=backbone.strides)
    past_the_neck = FCNHead(in_channels=backbone.channels, in_strides=backbone.strides)
    with pytest.raises(ValueError, match=r"FCNHead takes .* but FPN gives 256 at 1/4"):
        BackboneHead(backbone=backbone, neck=neck, head=past_the_neck)


def test_it_is_rebuilt_from_its_record_with_its_parts():
    backbone = ResNet50(output_stride=16)
    head = FCNHead(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=4)
    model = BackboneHead(backbone=backbone, head=head)
    again = rebuild(model.constructor)
    assert again.backbone.strides == (2, 4, 8, 16, 16)
    assert again.parts == model.parts
    assert list(again.state_dict()) == list(model.state_dict())
