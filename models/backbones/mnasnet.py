"""MNASNet: a network of inverted residual blocks that was searched for by its accuracy and its latency on a phone.

Paper: MnasNet: Platform-Aware Neural Architecture Search for Mobile (Tan et al., 2019), https://arxiv.org/abs/1807.11626
The variant without attention ("B1"), with torchvision's parameter names. As there, the last convolution is not narrowed when
``width`` is below one.
"""

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, ReLU
from models.backbones.base import Backbone
from models.backbones.tapped import feature_taps, tapped
from models.basicblocks import ConvNormAct
from models.basicblocks.inverted_residual import widen_filter_narrow
from models.utils import make_divisible

#: Stages of the paper's figure 7: kernel, expansion, channels, blocks, stride of the first block.
SETTINGS = (
    (3, 3, 24, 3, 2),
    (5, 3, 40, 3, 2),
    (5, 6, 80, 3, 2),
    (3, 6, 96, 2, 1),
    (5, 6, 192, 4, 2),
    (3, 6, 320, 1, 1),
)


class SlowBatchNorm2d(BatchNorm2d):
    """Batch normalization as the paper trains with: running statistics keep 0.9997 of themselves at each step."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, momentum=1 - 0.9997)


class MNASNet(Backbone):
    """The features are the last maps before each halving of the resolution, and the map of the last convolution.

    Args:
        in_channels: of the image.
        width: factor of all channel numbers but the last, which are then rounded to multiples of eight.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        norm: type[Module] = SlowBatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        stem, channels, reached = make_divisible(32 * width), make_divisible(16 * width), 2
        # torchvision counts the layers of the stem, and those of the last convolution, one by one.
        layers = [*ConvNormAct(in_channels=in_channels, out_channels=stem, stride=2, norm=norm, act=act)]
        for step in widen_filter_narrow(in_channels=stem, width=stem, out_channels=channels, norm=norm, act=act):
            layers += step
        given = [(channels, reached)] * len(layers)
        for kernel_size, expansion, base, blocks, first_stride in SETTINGS:
            stage = []
            for i in range(blocks):
                before, channels = channels, make_divisible(base * width)
                stride = first_stride if i == 0 else 1
                stage.append(_Block(before, channels, expansion, kernel_size, stride, norm, act))
            layers.append(Sequential(*stage))
            reached *= first_stride
            given.append((channels, reached))
        last = ConvNormAct(in_channels=channels, out_channels=1280, kernel_size=1, norm=norm, act=act)
        self.layers = Sequential(*layers, *last)
        self.taps, self.channels, self.strides = feature_taps([*given, *[(1280, reached)] * len(last)])

    def forward(self, x: Tensor) -> list[Tensor]:
        return tapped(self.layers, self.taps, x)


class _Block(Module):
    """An inverted residual block whose layers are counted one by one, for torchvision's names."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion: int,
        kernel_size: int,
        stride: int,
        norm: type[Module],
        act: type[Module],
    ) -> None:
        super().__init__()
        self.residual = stride == 1 and in_channels == out_channels
        steps = widen_filter_narrow(
            in_channels=in_channels,
            width=in_channels * expansion,
            out_channels=out_channels,
            kernel_size=kernel_size,
            stride=stride,
            norm=norm,
            act=act,
        )
        self.layers = Sequential(*(layer for step in steps for layer in step))

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)  # (N, out_channels, H/stride, W/stride)
        return x + y if self.residual else y


class MNASNet0_5(MNASNet):
    """Of half the width; parameters as for :class:`MNASNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        norm: type[Module] = SlowBatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, width=0.5, norm=norm, act=act)


class MNASNet1_0(MNASNet):
    """Of the paper's width; parameters as for :class:`MNASNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        norm: type[Module] = SlowBatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels=in_channels, norm=norm, act=act)
