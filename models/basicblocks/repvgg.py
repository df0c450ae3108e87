"""The block of RepVGG: 3x3, 1x1 and identity side by side for training, which are one 3x3 convolution for use.

Paper: RepVGG: Making VGG-style ConvNets Great Again (Ding et al., 2021), https://arxiv.org/abs/2101.03697
Parameter names are timm's.
"""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ReLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvBnAct


class RepVGGBlock(Block):
    """Branches, each with batch normalization, are added up; then an activation.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        stride: of the convolutions; the identity is a branch where the shape stays.
        deployed: one convolution with a bias in place of the branches.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        stride: int = 1,
        deployed: bool = False,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.deployed = deployed
        self.straight = stride == 1 and in_channels == out_channels
        if deployed:
            self.reparam_conv = Conv2d(in_channels, out_channels, 3, stride, 1)
        else:
            if self.straight:
                self.identity = BatchNorm2d(in_channels)
            shape = {"in_channels": in_channels, "out_channels": out_channels, "stride": stride}
            self.conv_kxk = ConvBnAct(**shape, act=None)
            self.conv_1x1 = ConvBnAct(**shape, kernel_size=1, act=None)
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        if self.deployed:
            return self.act(self.reparam_conv(x))  # (N, out_channels, H/stride, W/stride)
        y = self.conv_1x1(x) + self.conv_kxk(x)
        return self.act(y + self.identity(x) if self.straight else y)

    def fused(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of the one convolution that computes what the branches do with their running statistics.

        Raises:
            ValueError: it is that one convolution already.
        """
        if self.deployed:
            raise ValueError("RepVGGBlock: it is deployed already")
        kernels = [_folded(self.conv_kxk.conv.weight, self.conv_kxk.bn)]
        weight, bias = _folded(self.conv_1x1.conv.weight, self.conv_1x1.bn)
        kernels.append((F.pad(weight, (1, 1, 1, 1)), bias))
        if self.straight:
            count = self.in_channels
            weight, bias = _folded(F.reshape(F.eye(count), (count, count, 1, 1)), self.identity)
            kernels.append((F.pad(weight, (1, 1, 1, 1)), bias))
        weight, bias = kernels[0]
        for other_weight, other_bias in kernels[1:]:
            weight, bias = weight + other_weight, bias + other_bias
        return weight, bias


def _folded(weight: Tensor, bn: BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution without bias, with the normalization that follows it taken in."""
    scale = bn.weight / F.sqrt(bn.running_var + bn.eps)  # (out_channels,)
    return weight * F.reshape(scale, (-1, 1, 1, 1)), bn.bias - bn.running_mean * scale
