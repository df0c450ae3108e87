"""Inception: convolutions of several sizes and a pooling side by side on one map, their results stacked.

Paper: Going Deeper with Convolutions (Szegedy et al., 2015), https://arxiv.org/abs/1409.4842
Normalized, as its successor is (Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167). As in TensorFlow's release, whose
weights torchvision's are, the third branch has a 3x3 convolution where the paper has 5x5.
"""

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, MaxPool2d, ReLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvBnAct


class InceptionNorm(BatchNorm2d):
    """Batch normalization with the small constant of TensorFlow's Inception networks, 0.001."""

    def __init__(self, num_features: int) -> None:
        super().__init__(num_features, eps=1e-3)


class Inception(Block):
    """Four branches: 1x1; 1x1 and 3x3; 1x1 and 3x3 again; pooling and 1x1.

    Args:
        in_channels: of the map.
        widths: channels of each convolution, in the order of the branches; the result has those of each branch's last one.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 192,
        widths: tuple[int, int, int, int, int, int] = (64, 96, 128, 16, 32, 32),
        norm: type[Module] = InceptionNorm,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels

        def unit(before: int, after: int, kernel_size: int) -> ConvBnAct:
            return ConvBnAct(in_channels=before, out_channels=after, kernel_size=kernel_size, norm=norm, act=act)

        one, three_in, three, again_in, again, pooled = widths
        self.out_channels = one + three + again + pooled
        self.branch1 = unit(in_channels, one, 1)
        self.branch2 = Sequential(unit(in_channels, three_in, 1), unit(three_in, three, 3))
        self.branch3 = Sequential(unit(in_channels, again_in, 1), unit(again_in, again, 3))
        self.branch4 = Sequential(MaxPool2d(3, 1, 1), unit(in_channels, pooled, 1))

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return F.cat(branches, dim=1)  # (N, out_channels, H, W)
