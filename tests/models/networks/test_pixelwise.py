"""Assembled networks that answer each pixel: the papers' parameters, every image size, and how they are sampled."""

import pytest
import torch

from models import networks
from models.backbones import HRNetW18, MobileNetV2, ResNet18, ResNet50
from models.utils import SEGMENTATION_SIZES
from tests.models.networks.counting import conv, count, scores


def aspp(before):
    """A 1x1 convolution, three of 3x3, one of the mean, and the one that joins the five."""
    return 2 * conv(1, before, 256) + 3 * conv(3, before, 256) + conv(1, 5 * 256, 256)


def linknet(m, n):
    return conv(1, m, m // 4) + conv(3, m // 4, m // 4) + conv(1, m // 4, n)


def separable(before, after):
    return conv(5, before, before, groups=before) + conv(1, before, after)


RESNET50 = (256, 512, 1024, 2048)
#: By name: backbone, and the parameters of the head by the paper's formulas.
PARAMETERS = {
    "DeepLabV3ResNet50": (ResNet50, aspp(2048) + conv(3, 256, 256) + scores(256, 21)),
    "DeepLabV3PlusResNet50": (
        ResNet50,
        aspp(2048) + conv(1, 256, 48) + conv(3, 256 + 48, 256) + conv(3, 256, 256) + scores(256, 21),
    ),
    "PSPNetResNet50": (ResNet50, 4 * conv(1, 2048, 512) + conv(3, 4096, 512) + scores(512, 21)),
    "UPerNetResNet50": (
        ResNet50,
        4 * conv(1, 2048, 512)
        + conv(3, 4096, 512)
        + sum(conv(1, c, 512) + conv(3, 512, 512) for c in RESNET50[:-1])
        + conv(3, 4 * 512, 512)
        + scores(512, 150),
    ),
    "OCRHRNetW18": (
        HRNetW18,
        conv(3, 270, 512)
        + 512
        + conv(1, 270, 270)
        + 270
        + scores(270, 19)  # pixels and soft regions, with biases
        + 2 * (conv(1, 512, 256) + conv(1, 256, 256))
        + conv(1, 512, 256)
        + conv(1, 256, 512)
        + conv(1, 1024, 512)
        + scores(512, 19),
    ),
    "LinkNetResNet18": (
        ResNet18,
        sum(linknet(m, n) for m, n in ((512, 256), (256, 128), (128, 64), (64, 64)))
        + conv(3, 64, 32)
        + conv(3, 32, 32)
        + scores(32, 21, kernel=2),
    ),
    "FastDepthMobileNetV2": (
        MobileNetV2,
        sum(separable(a, b) for a, b in ((1280, 96), (96, 32), (32, 24), (24, 16), (16, 32))) + scores(32, 1),
    ),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_number_of_parameters_is_that_of_the_backbone_and_the_papers_head(name):
    backbone, head = PARAMETERS[name]
    with torch.device("meta"):
        assert count(getattr(networks, name)()) == count(backbone()) + head


@pytest.mark.parametrize("name", PARAMETERS)
def test_it_is_sampled_at_sizes_of_segmentation(name):
    with torch.device("meta"):
        model = getattr(networks, name)(in_channels=4)
    assert model.sampling.sizes == SEGMENTATION_SIZES
    assert model.sampling.inputs[0].shape[1] == 4


@pytest.mark.parametrize("name", ["LinkNetResNet18", "FastDepthMobileNetV2"])
@pytest.mark.parametrize(("height", "width"), [(40, 64), (51, 33)])
def test_answers_have_the_size_of_the_image(name, height, width):
    model = getattr(networks, name)().eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 3, height, width)).shape[2:] == (height, width)


@pytest.mark.parametrize(("name", "at"), [("DeepLabV3ResNet50", 8), ("DeepLabV3PlusResNet50", 16)])
def test_dilations_follow_the_stride_of_the_backbone(name, at):
    rates = {8: (12, 24, 36), 16: (6, 12, 18)}
    with torch.device("meta"):
        for stride in rates:
            model = getattr(networks, name)(output_stride=stride)
            assert model.backbone.strides[-1] == stride
            assert tuple(branch[0].dilation[0] for branch in list(model.head.aspp.convs)[1:4]) == rates[stride]
        assert getattr(networks, name)().backbone.strides[-1] == at


def test_depth_is_the_task_of_fastdepth():
    with torch.device("meta"):
        assert networks.FastDepthMobileNetV2().task == "depth"
        assert networks.FastDepthMobileNetV2(width=0.5).backbone.channels[0] == 8
