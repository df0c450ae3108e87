"""The block of ConvNeXt: a depthwise 7x7 convolution, then a perceptron for each place, scaled channel by channel and added.

Paper: A ConvNet for the 2020s (Liu et al., 2022), https://arxiv.org/abs/2201.03545
Parameter names are torchvision's.
"""

import mcore.functional as F
from mcore.init import trunc_normal_, zeros_
from mcore.module import Module, Sequential
from mcore.tensor import Parameter, Tensor
from models import GELU, Conv2d, LayerNorm, Linear
from models.basicblocks.base import Block
from models.basicblocks.layout import Permute
from models.basicblocks.stochastic_depth import StochasticDepth


class ConvNeXtBlock(Block):
    """Depthwise convolution, layer normalization, and an inverted bottleneck of four times the channels.

    Args:
        in_channels: of the map and of the result.
        layer_scale: what the result of the bottleneck is multiplied by at first, in each channel.
        stochastic_depth: share of the images that training leaves the branch out for.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 96,
        layer_scale: float = 1e-6,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.block = Sequential(
            Conv2d(in_channels, in_channels, 7, 1, 3, groups=in_channels),
            Permute(dims=(0, 2, 3, 1)),
            LayerNorm(in_channels, eps=1e-6),
            Linear(in_channels, 4 * in_channels),
            act(),
            Linear(4 * in_channels, in_channels),
            Permute(dims=(0, 3, 1, 2)),
        )
        self.layer_scale = Parameter(F.full((in_channels, 1, 1), layer_scale))
        self.stochastic_depth = StochasticDepth(share=stochastic_depth)
        for index in (0, 3, 5):
            trunc_normal_(self.block[index].weight, std=0.02)
            zeros_(self.block[index].bias)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer_scale * self.block(x)  # (N, C, H, W)
        return x + self.stochastic_depth(y)  # (N, C, H, W)
