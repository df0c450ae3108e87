"""The fire module of SqueezeNet: a 1x1 convolution to few channels, then 1x1 and 3x3 convolutions side by side.

Paper: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size (Iandola et al., 2016),
https://arxiv.org/abs/1602.07360
"""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import Conv2d, ReLU
from models.basicblocks.base import Block


class Fire(Block):
    """Squeeze, then expand; half of the result comes from each of the two expanding convolutions.

    Args:
        in_channels: of the map.
        squeeze: channels of the map between.
        out_channels: of the result, even.
        act: class, called without arguments.
    """

    def __init__(
        self, *, in_channels: int = 64, squeeze: int = 16, out_channels: int = 128, act: type[Module] = ReLU
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.squeeze = Conv2d(in_channels, squeeze, 1)
        self.act1 = act()
        self.expand1x1 = Conv2d(squeeze, out_channels // 2, 1)
        self.expand3x3 = Conv2d(squeeze, out_channels // 2, 3, padding=1)
        self.act2 = act()

    def forward(self, x: Tensor) -> Tensor:
        x = self.act1(self.squeeze(x))  # (N, squeeze, H, W)
        return F.cat([self.act2(self.expand1x1(x)), self.act2(self.expand3x3(x))], dim=1)  # (N, out_channels, H, W)
