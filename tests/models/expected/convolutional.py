"""Convolutional networks beside ResNet and its kin."""

from tests.models.expected.forms import Shapes, features, map_of, vector


def floored(channels: tuple[int, ...], strides: tuple[int, ...]) -> Shapes:
    """Feature maps of an image, each size rounded down."""
    return lambda n, h, w: [(n, c, h // s, w // s) for c, s in zip(channels, strides, strict=True)]


EXPECTED = {
    **dict.fromkeys(("vgg16", "vgg16_bn"), vector(1000)),
    **dict.fromkeys(("VGG11", "VGG16", "VGG19"), floored((64, 128, 256, 512, 512, 512), (1, 2, 4, 8, 16, 32))),
    **dict.fromkeys(("darknet53", "cspdarknet53", "cspresnet50"), vector(1000)),
    **dict.fromkeys(("Darknet53", "CSPDarknet53", "CSPResNet50"), features((64, 128, 256, 512, 1024))),
    **dict.fromkeys(("ConvBnAct", "CSPBottleneck", "DarkBlock"), map_of(64)),
}
