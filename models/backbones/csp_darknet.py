"""YOLOX's CSPDarknet: places of 2x2 pixels as channels, four cross-stage stages, and pooling over large windows in the last.

Paper: YOLOX: Exceeding YOLO Series in 2021 (Ge et al., 2021), https://arxiv.org/abs/2107.08430
Layers, their order and their names are those of the authors' release. It is YOLOv5's of its day, not YOLOv4's CSPDarknet-53.
Weights start as He et al. (2015, https://arxiv.org/abs/1502.01852) draw them: with the usual start, which the release has, an
image is no longer seen in the maps before training has settled the normalization.
"""

import mcore.functional as F
from mcore.init import kaiming_normal_
from mcore.module import Module, Sequential
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, SiLU
from models.backbones.base import Backbone
from models.basicblocks import ConvBnAct, CSPLayer

#: Of the windows that the last stage pools over.
WINDOWS = (5, 9, 13)


class YOLOXBatchNorm2d(BatchNorm2d):
    """Batch normalization with the release's constants."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-3, momentum=0.03)


class CSPDarknet(Backbone):
    """The features are the maps of the four stages; heights and widths of images are even. The defaults are YOLOX-s'.

    Args:
        in_channels: of the image.
        width: channels of the stem; each stage has twice as many as the one before.
        depth: bottlenecks of the first and the last stage; the two between have three times as many.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        width: int = 32,
        depth: int = 1,
        norm: type[Module] = YOLOXBatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channels, self.strides = tuple(width * k for k in (2, 4, 8, 16)), (4, 8, 16, 32)
        self.stem = _Focus(in_channels, width, norm, act)

        def stage(before: int, after: int, count: int, *, last: bool = False) -> Sequential:
            layers = [ConvBnAct(in_channels=before, out_channels=after, stride=2, norm=norm, act=act)]
            if last:
                layers.append(_Pooling(after, norm, act))
            layers.append(
                CSPLayer(in_channels=after, out_channels=after, depth=count, shortcut=not last, norm=norm, act=act)
            )
            return Sequential(*layers)

        first, second, third, fourth = self.channels
        self.dark2 = stage(width, first, depth)
        self.dark3 = stage(first, second, 3 * depth)
        self.dark4 = stage(second, third, 3 * depth)
        self.dark5 = stage(third, fourth, depth, last=True)
        draw_convolutions(self)

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels, ((224, 224), (128, 192), (98, 130)), minimum=34, multiple_of=2)

    def forward(self, x: Tensor) -> list[Tensor]:
        x2 = self.dark2(self.stem(x))  # (N, 2*width, H/4, W/4)
        x3 = self.dark3(x2)  # (N, 4*width, H/8, W/8)
        x4 = self.dark4(x3)  # (N, 8*width, H/16, W/16)
        return [x2, x3, x4, self.dark5(x4)]  # (N, 16*width, H/32, W/32)


def draw_convolutions(module: Module) -> None:
    """Draw the weights of all convolutions so that they keep the variance of what passes them and its activation."""
    for layer in module.modules():
        if isinstance(layer, Conv2d):
            kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")


class _Focus(Module):
    """The four pixels of each place beside one another, column by column, then a convolution."""

    def __init__(self, in_channels: int, out_channels: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.conv = ConvBnAct(in_channels=4 * in_channels, out_channels=out_channels, norm=norm, act=act)

    def forward(self, x: Tensor) -> Tensor:
        pixels = F.unflatten(F.pixel_unshuffle(x, 2), 1, (self.in_channels, 2, 2))  # (N, C, row, column, H/2, W/2)
        return self.conv(F.flatten(F.permute(pixels, (0, 3, 2, 1, 4, 5)), 1, 3))


class _Pooling(Module):
    """Half the width, maxima over windows of each size, and the width again; the release's ``SPPBottleneck``."""

    def __init__(self, channels: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        half = channels // 2
        self.conv1 = ConvBnAct(in_channels=channels, out_channels=half, kernel_size=1, norm=norm, act=act)
        joined = half * (1 + len(WINDOWS))
        self.conv2 = ConvBnAct(in_channels=joined, out_channels=channels, kernel_size=1, norm=norm, act=act)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        return self.conv2(F.cat([x, *(F.max_pool2d(x, k, stride=1, padding=k // 2) for k in WINDOWS)], dim=1))
