"""Concurrent squeeze and excitation: channels and places are weighted side by side, and the two results added.

Paper: Concurrent Spatial and Channel Squeeze & Excitation in Fully Convolutional Networks (Roy et al., 2018),
https://arxiv.org/abs/1803.02579
"""

from mcore.module import Module
from mcore.tensor import Tensor
from models import Conv2d, ReLU, Sigmoid
from models.attention.base import Attention
from models.attention.squeeze_excitation import SqueezeExcitation


class SCSE(Attention):
    """Squeeze and excitation of channels, plus a weight for each place from its own channels.

    Args:
        in_channels: of the map; the output has as many.
        reduction: of the channels inside the bottleneck; 2 in the paper.
        act: class of the activation inside the bottleneck.
        gate: class of the activation that makes weights, of channels and of places.
    """

    def __init__(
        self, *, in_channels: int = 64, reduction: int = 2, act: type[Module] = ReLU, gate: type[Module] = Sigmoid
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channel = SqueezeExcitation(in_channels=in_channels, reduction=reduction, act=act, gate=gate)
        self.spatial = Conv2d(in_channels, 1, 1)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        return self.channel(x) + x * self.gate(self.spatial(x))  # (N, C, H, W)
