"""BiSeNet: a shallow path that keeps places and a deep one, a ResNet-18, that sees context, fused at an eighth.

Paper: BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation (Yu et al., 2018),
https://arxiv.org/abs/1808.00897
The context path's width and its two smoothing convolutions, which the paper does not tell, are those of the field's usual
implementation. Auxiliary scores, which training alone needs, are left out.
"""

from collections.abc import Mapping
from typing import ClassVar

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, ReLU, Sigmoid
from models.backbones import ResNet18
from models.basicblocks import ConvNormAct
from models.functional import resize_like
from models.networks.base import Network
from models.utils import SEGMENTATION_SIZES


class BiSeNet(Network):
    """Scores of the classes at each pixel; 13.2 million parameters.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
        width: of the context path; twice that after the fusion.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task = "segmentation"
    parts: ClassVar[Mapping[str, str]] = {"backbone": "ResNet18"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 19,
        width: int = 128,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels

        def conv(before: int, after: int, kernel_size: int = 3, stride: int = 1) -> ConvNormAct:
            return ConvNormAct(
                in_channels=before, out_channels=after, kernel_size=kernel_size, stride=stride, norm=norm, act=act
            )

        self.spatial = Sequential(
            conv(in_channels, 64, 7, 2), conv(64, 64, 3, 2), conv(64, 64, 3, 2), conv(64, width, 1)
        )
        self.backbone = ResNet18(in_channels=in_channels, norm=norm, act=act)
        *_, middle, coarse = self.backbone.channels
        self.mean = Sequential(AdaptiveAvgPool2d(1), conv(coarse, width, 1))
        self.refine32 = AttentionRefinement(coarse, width, norm, act)
        self.refine16 = AttentionRefinement(middle, width, norm, act)
        self.smooth32, self.smooth16 = conv(width, width), conv(width, width)
        self.fuse = FeatureFusion(2 * width, 2 * width, norm, act)
        self.conv = conv(2 * width, 2 * width)
        self.score = Conv2d(2 * width, num_classes, 1)

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels, SEGMENTATION_SIZES)

    def forward(self, x: Tensor) -> Tensor:
        spatial = self.spatial(x)  # (N, width, H/8, W/8)
        *_, middle, coarse = self.backbone(x)  # H/16 and H/32
        context = self.refine32(coarse) + self.mean(coarse)  # (N, width, H/32, W/32)
        context = self.smooth32(resize_like(context, middle))  # (N, width, H/16, W/16)
        context = self.refine16(middle) + context
        context = self.smooth16(resize_like(context, spatial))  # (N, width, H/8, W/8)
        scores = self.score(self.conv(self.fuse(F.cat([spatial, context], dim=1))))
        return resize_like(scores, x)  # (N, num_classes, H, W)


class AttentionRefinement(Module):
    """A 3x3 convolution, each of whose channels is weighted by a normalized gate of the means."""

    def __init__(self, before: int, after: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.conv = ConvNormAct(in_channels=before, out_channels=after, norm=norm, act=act)
        self.gate = Sequential(AdaptiveAvgPool2d(1), Conv2d(after, after, 1, bias=False), norm(after), Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)  # (N, after, H, W)
        return x * self.gate(x)


class FeatureFusion(Module):
    """A 1x1 convolution of both paths, with a share of it added that a gate of the means selects."""

    def __init__(self, before: int, after: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.conv = ConvNormAct(in_channels=before, out_channels=after, kernel_size=1, norm=norm, act=act)
        squeeze, excite = Conv2d(after, after // 4, 1, bias=False), Conv2d(after // 4, after, 1, bias=False)
        self.gate = Sequential(AdaptiveAvgPool2d(1), squeeze, act(), excite, Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)  # (N, after, H, W)
        return x + x * self.gate(x)
