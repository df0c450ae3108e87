"""Efficient channel attention: each channel's weight is computed from the means of the channels beside it.

Paper: ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks (Wang et al., 2020),
https://arxiv.org/abs/1910.03151
"""

import math

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import Conv1d, Sigmoid
from models.attention.base import Attention


def kernel_size_for(channels: int) -> int:
    """The paper's rule for how many channels see each other: ``(log2(channels) + 1) / 2``, as an odd number."""
    size = int((math.log2(channels) + 1) / 2)
    return size if size % 2 else size + 1


class ECA(Attention):
    """A convolution over the channels' means, and a gate.

    Args:
        in_channels: of the map; the output has as many.
        kernel_size: channels that each weight is computed from, odd; ``None`` for the paper's rule.
        gate: class of the activation that makes weights of the convolution's output.

    Raises:
        ValueError: ``kernel_size`` is even.
    """

    def __init__(self, *, in_channels: int = 64, kernel_size: int | None = None, gate: type[Module] = Sigmoid) -> None:
        size = kernel_size_for(in_channels) if kernel_size is None else kernel_size
        if size % 2 == 0:
            raise ValueError(f"ECA: kernel_size must be odd, got {size}")
        super().__init__()
        self.in_channels = in_channels
        self.conv = Conv1d(1, 1, size, padding=size // 2, bias=False)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        means = F.mean(x, (2, 3))[:, None]  # (N, 1, C)
        weights = self.gate(self.conv(means))
        return x * F.transpose(weights, 1, 2)[..., None]  # (N, C, H, W)
