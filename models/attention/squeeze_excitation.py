"""Channel attention: each channel is scaled by a weight computed from the means of all channels.

Paper: Squeeze-and-Excitation Networks (Hu et al., 2018), https://arxiv.org/abs/1709.01507
The two fully connected layers are 1x1 convolutions with bias, named ``fc1`` and ``fc2``: the same function, and timm's keys.
"""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import Conv2d, ReLU, Sigmoid
from models.attention.base import Attention


class SqueezeExcitation(Attention):
    """Squeeze to one value a channel, excite by a bottleneck of two layers and a gate.

    Args:
        in_channels: of the map; the output has as many.
        reduction: the bottleneck has ``in_channels // reduction`` channels, at least one.
        squeezed: channels of the bottleneck, in place of ``reduction``.
        act: class of the activation inside the bottleneck.
        gate: class of the activation that makes weights of its output.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        reduction: int = 16,
        squeezed: int | None = None,
        act: type[Module] = ReLU,
        gate: type[Module] = Sigmoid,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        if squeezed is None:
            squeezed = max(1, in_channels // reduction)
        self.fc1 = Conv2d(in_channels, squeezed, 1)
        self.act = act()
        self.fc2 = Conv2d(squeezed, in_channels, 1)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        weights = F.adaptive_avg_pool2d(x, 1)  # (N, C, 1, 1)
        weights = self.gate(self.fc2(self.act(self.fc1(weights))))
        return x * weights  # (N, C, H, W)
