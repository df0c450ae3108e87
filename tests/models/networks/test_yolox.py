"""YOLOX-s is the network of the authors' release."""

import pytest
import torch
from torch.nn import functional as F

from mcore.pretrained.loading import rename
from models.necks import YOLOXNeck
from models.networks import YOLOXSmall
from tests.models.catalogue import load_weights
from tests.models.networks.torchvision_detectors import assert_near


class Release:
    """The release's network as functions of its weights by its names; nothing of ours is in it."""

    def __init__(self, state):
        self.state = state

    def unit(self, name, x, stride=1):
        weight = self.state[f"{name}.conv.weight"]
        x = F.conv2d(x, weight, None, stride, weight.shape[2] // 2)
        norm = [self.state[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return F.silu(F.batch_norm(x, *norm, eps=1e-3))

    def csp(self, name, x, count=1, shortcut=False):
        first, second = self.unit(f"{name}.conv1", x), self.unit(f"{name}.conv2", x)
        for i in range(count):
            found = self.unit(f"{name}.m.{i}.conv2", self.unit(f"{name}.m.{i}.conv1", first))
            first = found + first if shortcut else found
        return self.unit(f"{name}.conv3", torch.cat((first, second), dim=1))

    def backbone(self, x):
        name = "backbone.backbone"
        corners = x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]
        x, maps = self.unit(f"{name}.stem.conv", torch.cat(corners, dim=1)), []
        for stage, count in (("dark2", 1), ("dark3", 3), ("dark4", 3)):
            x = self.csp(f"{name}.{stage}.1", self.unit(f"{name}.{stage}.0", x, 2), count, shortcut=True)
            maps.append(x)
        x = self.unit(f"{name}.dark5.1.conv1", self.unit(f"{name}.dark5.0", x, 2))
        x = torch.cat([x, *(F.max_pool2d(x, k, 1, k // 2) for k in (5, 9, 13))], dim=1)
        return [*maps[1:], self.csp(f"{name}.dark5.2", self.unit(f"{name}.dark5.1.conv2", x))]

    def neck(self, fine, middle, coarse):
        top = self.unit("backbone.lateral_conv0", coarse)
        x = self.csp("backbone.C3_p4", torch.cat([F.interpolate(top, scale_factor=2), middle], 1))
        between = self.unit("backbone.reduce_conv1", x)
        first = self.csp("backbone.C3_p3", torch.cat([F.interpolate(between, scale_factor=2), fine], 1))
        second = self.csp("backbone.C3_n3", torch.cat([self.unit("backbone.bu_conv2", first, 2), between], 1))
        third = self.csp("backbone.C3_n4", torch.cat([self.unit("backbone.bu_conv1", second, 2), top], 1))
        return first, second, third

    def predict(self, kind, level, x):
        return F.conv2d(
            x, self.state[f"head.{kind}_preds.{level}.weight"], self.state[f"head.{kind}_preds.{level}.bias"]
        )

    def head(self, maps):
        for i, x in enumerate(maps):
            x = self.unit(f"head.stems.{i}", x)
            kinds, box = (
                self.unit(f"head.{kind}_convs.{i}.1", self.unit(f"head.{kind}_convs.{i}.0", x))
                for kind in ("cls", "reg")
            )
            parts = self.predict("reg", i, box), self.predict("obj", i, box), self.predict("cls", i, kinds)
            yield torch.cat(parts, dim=1)

    def __call__(self, x):
        return list(self.head(self.neck(*self.backbone(x))))


def release_key(own):
    part, rest = own.split(".", 1)
    return {"backbone": "backbone.backbone.", "neck": "backbone.", "head": "head."}[part] + rest


def test_it_has_the_parameters_of_the_release():
    with torch.device("meta"):
        model = YOLOXSmall()
    assert sum(p.numel() for p in model.parameters()) == 8_968_255


def test_it_computes_what_the_release_does():
    model = YOLOXSmall(num_classes=3).eval()
    load_weights(model, torch.from_numpy)
    release = Release({release_key(own): value for own, value in model.state_dict().items()})
    x = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        for found, expected in zip(model(x).values(), release(x), strict=True):
            assert_near(found, expected)


def test_the_key_map_takes_the_names_of_the_release():
    with torch.device("meta"):
        own = [key for key in YOLOXSmall().state_dict() if not key.endswith("num_batches_tracked")]
    renamed, dropped = rename({release_key(key): key for key in own}, YOLOXSmall.key_maps["release"])
    assert renamed == {key: key for key in own}
    assert not dropped


def test_boxes_are_those_of_its_raw_maps():
    model = YOLOXSmall(num_classes=2).eval()
    x = torch.randn(1, 3, 66, 98)
    with torch.no_grad():
        features = model.neck(model.backbone(x))
        maps = model.head(features)
        found = model.head.decode(maps, features)
    rows, columns = maps["stride_8"].shape[2:]
    assert (rows, columns) == (9, 13)
    place = maps["stride_8"][0, :, 2, 5]
    x, y = 8 * (place[0] + 5), 8 * (place[1] + 2)
    width, height = 8 * place[2:4].exp()
    expected = torch.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    torch.testing.assert_close(found["boxes"][0, 2 * columns + 5], expected)
    torch.testing.assert_close(found["scores"][0, 2 * columns + 5], place[4].sigmoid() * place[5:].sigmoid())


def test_a_neck_for_fewer_than_three_maps_is_refused():
    with pytest.raises(ValueError, match=r"^YOLOXNeck: takes three features or more, got 2$"):
        YOLOXNeck(in_channels=(8, 16), in_strides=(8, 16))
