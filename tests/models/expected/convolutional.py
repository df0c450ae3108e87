"""Convolutional networks beside ResNet and its kin."""

from collections.abc import Callable
from itertools import accumulate

from tests.models.expected.forms import Shapes, features, map_of, vector


def floored(channels: tuple[int, ...], strides: tuple[int, ...]) -> Shapes:
    """Feature maps of an image, each size rounded down."""
    return lambda n, h, w: [(n, c, h // s, w // s) for c, s in zip(channels, strides, strict=True)]


def through(channels: tuple[int, ...], *steps: Callable[[int], int]) -> Shapes:
    """Feature maps of an image, of which each has the size that its step makes of the one before."""

    def sizes(size: int) -> list[int]:
        return list(accumulate(steps, lambda before, step: step(before), initial=size))[1:]

    return lambda n, h, w: [(n, c, a, b) for c, a, b in zip(channels, sizes(h), sizes(w), strict=True)]


def up(size: int) -> int:
    """Half of the size, rounded up: a strided layer with padding."""
    return -(-size // 2)


def down(size: int) -> int:
    """Half of the size, rounded down: pooling of 2x2, or of 3x3 that takes what is left at the border."""
    return size // 2


def bare(kernel: int) -> Callable[[int], int]:
    """A strided layer without padding."""
    return lambda size: (size - kernel) // 2 + 1


def inception(size: int) -> list[int]:
    """Sizes of Inception-v3's maps."""
    sizes = [bare(3)(size) - 2]
    sizes.append(bare(3)(sizes[-1]) - 2)
    for _ in range(3):
        sizes.append(bare(3)(sizes[-1]))
    return sizes


EXPECTED = {
    **dict.fromkeys(("vgg16", "vgg16_bn"), vector(1000)),
    **dict.fromkeys(("VGG11", "VGG16", "VGG19"), floored((64, 128, 256, 512, 512, 512), (1, 2, 4, 8, 16, 32))),
    **dict.fromkeys(("darknet53", "cspdarknet53", "cspresnet50"), vector(1000)),
    **dict.fromkeys(("Darknet53", "CSPDarknet53", "CSPResNet50"), features((64, 128, 256, 512, 1024))),
    **dict.fromkeys(("ConvBnAct", "CSPBottleneck", "DarkBlock"), map_of(64)),
    **dict.fromkeys(("densenet121", "densenet169", "squeezenet1_0", "squeezenet1_1"), vector(1000)),
    "DenseNet121": through((64, 256, 512, 1024, 1024), up, up, down, down, down),
    "DenseNet169": through((64, 256, 512, 1280, 1664), up, up, down, down, down),
    "DenseBlock": map_of(64 + 4 * 32),
    "SqueezeNet1_0": through((96, 256, 512, 512), bare(7), down, down, down),
    "SqueezeNet1_1": through((64, 128, 256, 512), bare(3), down, down, down),
    "Fire": map_of(128),
    "googlenet": vector(1000),
    "GoogLeNet": through((64, 192, 480, 832, 1024), up, down, down, down, up),
    "Inception": map_of(256),
    "inception_v3": vector(1000),
    "InceptionV3": lambda n, h, w: [
        (n, c, a, b) for c, a, b in zip((64, 192, 288, 768, 2048), inception(h), inception(w), strict=True)
    ],
    "xception": vector(1000),
    "Xception": through((64, 128, 256, 728, 2048), lambda size: bare(3)(size) - 2, up, up, up, up),
    "XceptionBlock": map_of(64),
    **dict.fromkeys(("res2net50_26w_4s", "dla34", "hrnet_w18"), vector(1000)),
    "Res2Net50": features((64, 256, 512, 1024, 2048)),
    "Res2Bottleneck": map_of(256),
    **dict.fromkeys(("resnest14d", "resnest26d", "resnest50d"), vector(1000)),
    **dict.fromkeys(("ResNeSt14", "ResNeSt26", "ResNeSt50"), features((64, 256, 512, 1024, 2048))),
    "SplitAttention": map_of(64),
    "SplitAttentionBottleneck": map_of(256),
    "DLA34": features((16, 32, 64, 128, 256, 512), (1, 2, 4, 8, 16, 32)),
    "HRNetW18": features((18, 36, 72, 144), (4, 8, 16, 32)),
    "HRNetW32": features((32, 64, 128, 256), (4, 8, 16, 32)),
    "repvgg_a0": vector(1000),
    "RepVGGA0": features((48, 48, 96, 192, 1280)),
    "RepVGGBlock": map_of(64),
}
