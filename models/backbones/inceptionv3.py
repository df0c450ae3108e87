"""Inception-v3: inception modules whose large convolutions are made of small and of one-dimensional ones.

Paper: Rethinking the Inception Architecture for Computer Vision (Szegedy et al., 2016), https://arxiv.org/abs/1512.00567
Parameter names are torchvision's, and so are the numbers of channels, which are those of TensorFlow's release.
"""

from typing import Protocol

import mcore.functional as F
from mcore.module import Module
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import MaxPool2d, ReLU
from models.backbones.base import Backbone
from models.basicblocks import ConvBnAct
from models.basicblocks.inception import InceptionNorm


class Unit(Protocol):
    """Makes a convolution with normalization and activation; without ``padding`` it keeps the size."""

    def __call__(
        self,
        before: int,
        after: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        padding: int | None = None,
    ) -> ConvBnAct: ...


def units(norm: type[Module], act: type[Module]) -> Unit:
    """The maker of convolutions for ``norm`` and ``act``."""

    def unit(
        before: int,
        after: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        padding: int | None = None,
    ) -> ConvBnAct:
        return ConvBnAct(
            in_channels=before,
            out_channels=after,
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            norm=norm,
            act=act,
        )

    return unit


class InceptionA(Module):
    """Figure 5 of the paper: the 5x5 convolution of a branch as two of 3x3. ``(N, C, H, W)`` to 224 + ``pooled`` channels."""

    def __init__(self, unit: Unit, in_channels: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = unit(in_channels, 64, 1)
        self.branch5x5_1 = unit(in_channels, 48, 1)
        self.branch5x5_2 = unit(48, 64, 5)
        self.branch3x3dbl_1 = unit(in_channels, 64, 1)
        self.branch3x3dbl_2 = unit(64, 96, 3)
        self.branch3x3dbl_3 = unit(96, 96, 3)
        self.branch_pool = unit(in_channels, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.branch1x1(x)
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, 1, 1))
        return F.cat([one, five, three, pooled], dim=1)


class InceptionB(Module):
    """Figure 10: halves the resolution, by strides and by pooling side by side. 480 channels more."""

    def __init__(self, unit: Unit, in_channels: int) -> None:
        super().__init__()
        self.branch3x3 = unit(in_channels, 384, 3, 2, 0)
        self.branch3x3dbl_1 = unit(in_channels, 64, 1)
        self.branch3x3dbl_2 = unit(64, 96, 3)
        self.branch3x3dbl_3 = unit(96, 96, 3, 2, 0)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return F.cat([self.branch3x3(x), three, F.max_pool2d(x, 3, 2)], dim=1)


class InceptionC(Module):
    """Figure 6: 7x7 convolutions as 1x7 and 7x1, with ``width`` channels between. 768 channels."""

    def __init__(self, unit: Unit, in_channels: int, width: int) -> None:
        super().__init__()
        self.branch1x1 = unit(in_channels, 192, 1)
        self.branch7x7_1 = unit(in_channels, width, 1)
        self.branch7x7_2 = unit(width, width, (1, 7))
        self.branch7x7_3 = unit(width, 192, (7, 1))
        self.branch7x7dbl_1 = unit(in_channels, width, 1)
        self.branch7x7dbl_2 = unit(width, width, (7, 1))
        self.branch7x7dbl_3 = unit(width, width, (1, 7))
        self.branch7x7dbl_4 = unit(width, width, (7, 1))
        self.branch7x7dbl_5 = unit(width, 192, (1, 7))
        self.branch_pool = unit(in_channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.branch1x1(x)
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, 1, 1))
        return F.cat([one, seven, double, pooled], dim=1)


class InceptionD(Module):
    """Halves the resolution again, one branch through 1x7 and 7x1 convolutions. 512 channels more."""

    def __init__(self, unit: Unit, in_channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = unit(in_channels, 192, 1)
        self.branch3x3_2 = unit(192, 320, 3, 2, 0)
        self.branch7x7x3_1 = unit(in_channels, 192, 1)
        self.branch7x7x3_2 = unit(192, 192, (1, 7))
        self.branch7x7x3_3 = unit(192, 192, (7, 1))
        self.branch7x7x3_4 = unit(192, 192, 3, 2, 0)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return F.cat([three, seven, F.max_pool2d(x, 3, 2)], dim=1)


class InceptionE(Module):
    """Figure 7: branches that end in a 1x3 and a 3x1 convolution side by side. 2048 channels."""

    def __init__(self, unit: Unit, in_channels: int) -> None:
        super().__init__()
        self.branch1x1 = unit(in_channels, 320, 1)
        self.branch3x3_1 = unit(in_channels, 384, 1)
        self.branch3x3_2a = unit(384, 384, (1, 3))
        self.branch3x3_2b = unit(384, 384, (3, 1))
        self.branch3x3dbl_1 = unit(in_channels, 448, 1)
        self.branch3x3dbl_2 = unit(448, 384, 3)
        self.branch3x3dbl_3a = unit(384, 384, (1, 3))
        self.branch3x3dbl_3b = unit(384, 384, (3, 1))
        self.branch_pool = unit(in_channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        branches = [self.branch1x1(x), self.branch3x3_2a(three), self.branch3x3_2b(three)]
        branches += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return F.cat([*branches, self.branch_pool(F.avg_pool2d(x, 3, 1, 1))], dim=1)


class InceptionV3(Backbone):
    """The features are the last maps before each halving of the resolution, and that of the last module.

    Strided layers, poolings and two convolutions of the stem have no padding, so each map is up to four places smaller than the
    image divided by its stride.

    Args:
        in_channels: of the image.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    cropped = 4

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = InceptionNorm, act: type[Module] = ReLU) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channels = (64, 192, 288, 768, 2048)
        self.strides = (2, 4, 8, 16, 32)
        unit = units(norm, act)
        self.Conv2d_1a_3x3 = unit(in_channels, 32, 3, 2, 0)
        self.Conv2d_2a_3x3 = unit(32, 32, 3, 1, 0)
        self.Conv2d_2b_3x3 = unit(32, 64, 3)
        self.maxpool1 = MaxPool2d(3, 2)
        self.Conv2d_3b_1x1 = unit(64, 80, 1)
        self.Conv2d_4a_3x3 = unit(80, 192, 3, 1, 0)
        self.maxpool2 = MaxPool2d(3, 2)
        self.Mixed_5b = InceptionA(unit, 192, 32)
        self.Mixed_5c = InceptionA(unit, 256, 64)
        self.Mixed_5d = InceptionA(unit, 288, 64)
        self.Mixed_6a = InceptionB(unit, 288)
        self.Mixed_6b = InceptionC(unit, 768, 128)
        self.Mixed_6c = InceptionC(unit, 768, 160)
        self.Mixed_6d = InceptionC(unit, 768, 160)
        self.Mixed_6e = InceptionC(unit, 768, 192)
        self.Mixed_7a = InceptionD(unit, 768)
        self.Mixed_7b = InceptionE(unit, 1280)
        self.Mixed_7c = InceptionE(unit, 2048)

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels, ((299, 299), (128, 192), (97, 129)), minimum=75)

    def forward(self, x: Tensor) -> list[Tensor]:
        x1 = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))  # (N, 64, H/2, W/2)
        x2 = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(x1)))  # (N, 192, H/4, W/4)
        x3 = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(self.maxpool2(x2))))  # (N, 288, H/8, W/8)
        x4 = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x3)))
        x4 = self.Mixed_6e(self.Mixed_6d(x4))  # (N, 768, H/16, W/16)
        x5 = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x4)))  # (N, 2048, H/32, W/32)
        return [x1, x2, x3, x4, x5]
