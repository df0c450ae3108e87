"""YOLOv3 is the network of the paper's release."""

import pytest
import torch

from models.networks import YOLOv3
from tests.models.catalogue import load_weights
from tests.models.references import darknet_reference


def in_the_order_of_darknet(model):
    yield from darknet_reference.units(model.backbone)
    for level in (2, 1, 0):
        if level < 2:
            yield from darknet_reference.units(model.neck.lateral[level])
        yield from darknet_reference.units(model.neck.convs_down[level], model.head.scales[level])


def test_it_has_the_parameters_and_the_maps_of_the_paper():
    with torch.device("meta"):
        model = YOLOv3()
        maps = model(torch.empty(1, 3, 416, 416))
    assert sum(p.numel() for p in model.parameters()) == 61_949_149
    shapes = {name: tuple(value.shape) for name, value in maps.items()}
    assert shapes == {"stride_8": (1, 255, 52, 52), "stride_16": (1, 255, 26, 26), "stride_32": (1, 255, 13, 13)}


def test_it_computes_what_darknet_s_configuration_says():
    model = YOLOv3(num_classes=3).eval()
    load_weights(model, torch.from_numpy)
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        found = list(model(x).values())
        expected = darknet_reference.run(darknet_reference.yolov3(), in_the_order_of_darknet(model), x)
    for a, b in zip(found, reversed(expected), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6 * float(b.abs().max()))


def test_it_says_its_classes_strides_and_anchors():
    with torch.device("meta"):
        model = YOLOv3(num_classes=7)
    assert (model.num_classes, model.strides) == (7, (8, 16, 32))
    assert [sizes[0] for sizes in model.anchors] == [(10, 13), (30, 61), (116, 90)]
    assert model.parts == {"backbone": "Darknet53", "neck": "YOLOv3Neck", "head": "YOLOv3Head"}


@pytest.mark.parametrize("size", [(96, 128), (65, 97)])
def test_boxes_are_those_of_its_raw_maps(size):
    raw, model = YOLOv3(num_classes=2), YOLOv3(num_classes=2, decoded=True)
    model.load_state_dict(raw.state_dict())
    x = torch.randn(2, 3, *size)
    with torch.no_grad():
        maps, found = raw.eval()(x), model.eval()(x)
    places = sum(m.shape[2] * m.shape[3] for m in maps.values())
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "boxes": (2, 3 * places, 4),
        "scores": (2, 3 * places, 2),
    }
    first = maps["stride_8"].unflatten(1, (3, 7))[:, 0, :, 0, 1]  # the first anchor in the first row's second place
    centre = (first[:, :2].sigmoid() + torch.tensor([1.0, 0.0])) * 8
    size_ = first[:, 2:4].exp() * torch.tensor([10.0, 13.0])
    torch.testing.assert_close(found["boxes"][:, 3], torch.cat([centre - size_ / 2, centre + size_ / 2], dim=1))
    torch.testing.assert_close(found["scores"][:, 3], first[:, 4:5].sigmoid() * first[:, 5:].sigmoid())
