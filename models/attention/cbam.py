"""Convolutional block attention: weights for the channels first, then for the places.

Paper: CBAM: Convolutional Block Attention Module (Woo et al., 2018), https://arxiv.org/abs/1807.06521
The convolution over places is followed by a normalization, as in the paper's release, which its formula leaves out. The shared
perceptron is two 1x1 convolutions without bias, named as timm names them.
"""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ReLU, Sigmoid
from models.attention.base import Attention
from models.basicblocks.conv import ConvNormAct


class ChannelAttention(Module):
    """Each channel times a weight from the means and the maxima of all channels.

    Args:
        in_channels: of the map.
        reduction: the perceptron has ``in_channels // reduction`` channels inside, at least one.
        act: class of the activation inside the perceptron.
        gate: class of the activation that makes weights of its output.
    """

    def __init__(
        self, *, in_channels: int = 64, reduction: int = 16, act: type[Module] = ReLU, gate: type[Module] = Sigmoid
    ) -> None:
        super().__init__()
        hidden = max(1, in_channels // reduction)
        self.fc1 = Conv2d(in_channels, hidden, 1, bias=False)
        self.act = act()
        self.fc2 = Conv2d(hidden, in_channels, 1, bias=False)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        means, maxima = F.adaptive_avg_pool2d(x, 1), F.adaptive_max_pool2d(x, 1)  # (N, C, 1, 1)
        means, maxima = (self.fc2(self.act(self.fc1(pooled))) for pooled in (means, maxima))
        return x * self.gate(means + maxima)  # (N, C, H, W)


class SpatialAttention(Module):
    """Each place times a weight from the means and the maxima over the channels around it.

    Args:
        kernel_size: of the convolution, odd.
        norm: class, called with the number of channels.
        gate: class of the activation that makes weights of the convolution's output.
    """

    def __init__(self, *, kernel_size: int = 7, norm: type[Module] = BatchNorm2d, gate: type[Module] = Sigmoid) -> None:
        super().__init__()
        self.conv = ConvNormAct(in_channels=2, out_channels=1, kernel_size=kernel_size, norm=norm, act=None)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        pooled = F.cat([F.mean(x, 1, keepdim=True), F.amax(x, 1, keepdim=True)], dim=1)  # (N, 2, H, W)
        return x * self.gate(self.conv(pooled))  # (N, C, H, W)


class CBAM(Attention):
    """Channel attention, then spatial attention.

    Args:
        in_channels: of the map; the output has as many.
        reduction: of the channels inside the perceptron.
        kernel_size: of the convolution over places, odd.
        norm: class, called with the number of channels.
        act: class of the activation inside the perceptron.
        gate: class of the activation that makes weights, of channels and of places.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        reduction: int = 16,
        kernel_size: int = 7,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
        gate: type[Module] = Sigmoid,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channel = ChannelAttention(in_channels=in_channels, reduction=reduction, act=act, gate=gate)
        self.spatial = SpatialAttention(kernel_size=kernel_size, norm=norm, gate=gate)

    def forward(self, x: Tensor) -> Tensor:
        return self.spatial(self.channel(x))  # (N, C, H, W)
