"""YOLOv4 is the network of the authors' release."""

import torch

from models.networks import YOLOv4
from tests.models.catalogue import load_weights
from tests.models.references import darknet_reference
from tests.models.references.darknet_reference import normalization, units


def stage(cross):
    """Of a stage of CSPNet: Darknet has two convolutions for the two halves, and joins them in the other order."""
    yield from units(cross.conv_down)
    half = cross.split_channels
    for part in (slice(None, half), slice(half, None)):
        yield cross.conv_exp.conv.weight[part], normalization(cross.conv_exp.bn, part)
    yield from units(cross.blocks, cross.conv_transition_b)
    past, through = cross.conv_transition.conv.weight.split(half, dim=1)
    yield torch.cat([through, past], dim=1), normalization(cross.conv_transition.bn)


def in_the_order_of_darknet(model):
    backbone, neck, head = model.backbone, model.neck, model.head
    yield from units(backbone.stem)
    for cross in backbone.stages:
        yield from stage(cross)
    yield from units(neck.before_pooling, neck.after_pooling)
    for level in (1, 0):
        yield from units(neck.narrow[level], neck.lateral[level], neck.convs_down[level])
    yield from units(head.scales[0])
    for level in (0, 1):
        yield from units(neck.strided[level], neck.convs_up[level], head.scales[level + 1])


def test_it_has_the_parameters_of_the_release():
    with torch.device("meta"):
        model = YOLOv4()
    assert sum(p.numel() for p in model.parameters()) == 64_363_101


def test_it_computes_what_darknet_s_configuration_says():
    model = YOLOv4(num_classes=3).eval()
    load_weights(model, torch.from_numpy)
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        found = list(model(x).values())
        expected = darknet_reference.run(darknet_reference.yolov4(), in_the_order_of_darknet(model), x)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5 * float(b.abs().max()))


def test_its_boxes_reach_beyond_their_cells():
    with torch.device("meta"):
        model = YOLOv4()
    assert model.head.stretch == (1.2, 1.1, 1.05)
    assert [sizes[0] for sizes in model.anchors] == [(12, 16), (36, 75), (142, 110)]
