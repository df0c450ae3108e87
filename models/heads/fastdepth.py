"""FastDepth's decoder over any backbone: 5x5 separable convolutions, and the finer maps added on the way up.

Paper: FastDepth: Fast Monocular Depth Estimation on Embedded Systems (Wofk et al., 2019), https://arxiv.org/abs/1903.03273
Every finer map is added, not those of three strides only; maps are resized bilinearly, not by nearest neighbours; the last
layer has no normalization and no ReLU, so that training cannot end with a depth of zero everywhere.
"""

from collections.abc import Sequence
from itertools import pairwise

from mcore.module import Module, ModuleList
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ReLU
from models.basicblocks import SeparableConv
from models.functional import resize_like
from models.heads.base import Head


class FastDepthDecoder(Head):
    """The depth of each place, one channel, at the resolution of the first feature map.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        width: channels before the depth.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task = "depth"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (16, 24, 32, 96, 1280),
        in_strides: Sequence[int] = (2, 4, 8, 16, 32),
        width: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.output_stride = in_strides[0]
        widths = (*in_channels[::-1], width)
        self.up = ModuleList(
            [
                SeparableConv(in_channels=i, out_channels=o, kernel_size=5, norm=norm, act=act)
                for i, o in pairwise(widths)
            ]
        )
        self.depth = Conv2d(width, 1, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        *steps, last = self.up
        x = features[-1]
        for step, skip in zip(steps, features[-2::-1], strict=True):
            x = skip + resize_like(step(x), skip)  # (N, C, H/s, W/s)
        return self.depth(last(x))  # (N, 1, H/s, W/s)
