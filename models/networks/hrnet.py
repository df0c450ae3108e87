"""The HRNet classifier: branches are widened and added up from fine to coarse, under timm's parameter names.

Paper: Deep High-Resolution Representation Learning for Visual Recognition (Wang et al., 2020), https://arxiv.org/abs/1908.07919
Departures are said at the backbones; the class is its backbone, with the paper's classification layers more.
"""

from itertools import pairwise
from typing import ClassVar

from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout, Linear, ReLU
from models.backbones import HRNetW18
from models.basicblocks import Bottleneck
from models.functional import global_average
from models.networks.base import Network

#: Channels of the widened branches.
WIDENED = (128, 256, 512, 1024)


class hrnet_w18(Network, HRNetW18):
    """HRNet-W18, 21.3 million parameters.

    Args:
        in_channels: of the image.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task: ClassVar[str] = "classification"
    parts: ClassVar = {"backbone": "HRNetW18"}

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 1000,
        dropout: float = 0.0,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, norm=norm, act=act)

        def unit(before: int, after: int, kernel_size: int, stride: int) -> Sequential:
            """A convolution that has a bias beside its normalization, as the paper's release has it."""
            return Sequential(Conv2d(before, after, kernel_size, stride, (kernel_size - 1) // 2), norm(after), act())

        self.incre_modules = ModuleList(
            [
                Sequential(Bottleneck(in_channels=before, out_channels=after, norm=norm, act=act))
                for before, after in zip(self.channels, WIDENED, strict=True)
            ]
        )
        self.downsamp_modules = ModuleList([unit(before, after, 3, 2) for before, after in pairwise(WIDENED)])
        self.final_layer = unit(WIDENED[-1], 2048, 1, 1)
        self.dropout = Dropout(dropout)
        self.classifier = Linear(2048, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        maps = [widen(y) for widen, y in zip(self.incre_modules, super().forward(x), strict=True)]
        y = maps[0]  # (N, 128, H/4, W/4)
        for coarser, down in zip(maps[1:], self.downsamp_modules, strict=True):
            y = coarser + down(y)  # (N, 2C, H/2, W/2)
        y = self.final_layer(y)  # (N, 2048, H/32, W/32)
        return self.classifier(self.dropout(global_average(y)))  # (N, num_classes)
