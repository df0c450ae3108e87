"""Coordinate attention: each row and each column of each channel is weighted, from the means of all rows and columns.

Paper: Coordinate Attention for Efficient Mobile Network Design (Hou et al., 2021), https://arxiv.org/abs/2103.02907
Parameter names are those of the paper's release.
"""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Hardswish, Sigmoid
from models.attention.base import Attention


class CoordinateAttention(Attention):
    """Means along both axes through one bottleneck, then a weight for each row and one for each column.

    Args:
        in_channels: of the map; the output has as many.
        reduction: the bottleneck has ``in_channels // reduction`` channels, at least eight.
        norm: class, called with the number of channels.
        act: class of the activation inside the bottleneck.
        gate: class of the activation that makes weights.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        reduction: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = Hardswish,
        gate: type[Module] = Sigmoid,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        hidden = max(8, in_channels // reduction)
        self.conv1 = Conv2d(in_channels, hidden, 1)
        self.bn1 = norm(hidden)
        self.act = act()
        self.conv_h = Conv2d(hidden, in_channels, 1)
        self.conv_w = Conv2d(hidden, in_channels, 1)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        height = x.shape[2]
        rows = F.mean(x, 3, keepdim=True)  # (N, C, H, 1)
        columns = F.transpose(F.mean(x, 2, keepdim=True), 2, 3)  # (N, C, W, 1)
        y = self.act(self.bn1(self.conv1(F.cat([rows, columns], dim=2))))  # (N, hidden, H + W, 1)
        rows = self.gate(self.conv_h(y[:, :, :height]))
        columns = self.gate(self.conv_w(F.transpose(y[:, :, height:], 2, 3)))  # (N, C, 1, W)
        return x * rows * columns  # (N, C, H, W)
