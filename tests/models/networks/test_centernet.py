"""CenterNet is the release's network on a ResNet-18."""

import pytest
import torch
from torch import nn

from mcore.pretrained.loading import rename
from models.functional import select_detections
from models.heads import CenterNetHead
from models.necks import DeconvNeck
from models.networks import CenterNet
from tests.models.catalogue import load_weights
from tests.models.networks.torchvision_detectors import assert_near
from tests.models.torchvision_reference import torchvision


class Release(nn.Module):
    """The release's definition, with torchvision's layers of the ResNet."""

    def __init__(self) -> None:
        super().__init__()
        for name, layer in torchvision().models.resnet18(weights=None).named_children():
            if name not in ("avgpool", "fc"):
                self.add_module(name, layer)
        self.body = list(self.children())
        layers, before = [], 512
        for _ in range(3):
            layers += [nn.ConvTranspose2d(before, 256, 4, 2, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU()]
            before = 256
        self.deconv_layers = nn.Sequential(*layers)
        for name, channels in (("hm", 80), ("wh", 2), ("reg", 2)):
            branch = nn.Sequential(nn.Conv2d(256, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, channels, 1))
            self.add_module(name, branch)

    def forward(self, x):
        for layer in self.body:
            x = layer(x)
        x = self.deconv_layers(x)
        return {name: getattr(self, name)(x) for name in ("hm", "wh", "reg")}


def test_it_computes_what_the_release_does():
    theirs, ours = Release().eval(), CenterNet().eval()
    load_weights(theirs, torch.from_numpy)
    state = {key: value.numpy() for key, value in theirs.state_dict().items()}
    renamed, dropped = rename(state, CenterNet.key_maps["release"])
    assert not dropped
    counters = {key for key in ours.state_dict() if key.endswith("num_batches_tracked")}
    assert ours.state_dict().keys() == renamed.keys() | counters
    ours.load_state_dict({key: torch.from_numpy(value) for key, value in renamed.items()}, strict=False)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    x = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        expected, found = theirs(x), ours(x)
    assert list(found) == list(expected)
    for name, value in found.items():
        assert_near(value, expected[name])


def test_boxes_are_those_of_the_peaks():
    """By the paper's formula; a peak is not less than the eight places around it."""
    head = CenterNetHead(in_channels=(4,), in_strides=(4,), num_classes=3, decoded=True)
    maps = {"hm": torch.randn(1, 3, 5, 7), "wh": torch.rand(1, 2, 5, 7) * 3, "reg": torch.rand(1, 2, 5, 7)}
    found = head.decode(maps, [])
    likely = maps["hm"].sigmoid()
    for row in range(5):
        for column in range(7):
            dx, dy = maps["reg"][0, :, row, column].tolist()
            width, height = maps["wh"][0, :, row, column].tolist()
            x, y = column + dx, row + dy
            expected = [4 * v for v in (x - width / 2, y - height / 2, x + width / 2, y + height / 2)]
            assert found["boxes"][0, row * 7 + column].tolist() == pytest.approx(expected, abs=1e-4)
            around = likely[0, :, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].amax(dim=(1, 2))
            here = likely[0, :, row, column]
            scores = torch.where(here == around, here, torch.zeros(3))
            assert torch.equal(found["scores"][0, row * 7 + column], scores)


def test_an_object_is_detected_where_the_maps_say():
    maps = {
        name: torch.full((1, c, 6, 8), value) for name, c, value in (("hm", 2, -9.0), ("wh", 2, 2.0), ("reg", 2, 0.5))
    }
    maps["hm"][0, 1, 2, 3] = 4.0
    head = CenterNetHead(in_channels=(4,), in_strides=(4,), num_classes=2, decoded=True)
    boxes, scores = (value[0] for value in head.decode(maps, []).values())
    found = select_detections(boxes, scores, iou_threshold=1.0, max_output=3)
    assert found["labels"].tolist() == [1, -1, -1]
    assert found["boxes"][0].tolist() == [10.0, 6.0, 18.0, 14.0]


def test_it_says_its_classes_strides_and_sizes():
    with torch.device("meta"):
        model = CenterNet(num_classes=5)
    assert (model.num_classes, model.strides, model.anchors) == (5, (4,), ())
    assert model.sampling.multiple_of == 32


def test_a_stride_that_cannot_be_halved_as_often_is_refused():
    with pytest.raises(ValueError, match=r"^DeconvNeck: a stride of 4 cannot be halved 3 times$"):
        DeconvNeck(in_channels=(8,), in_strides=(4,))
