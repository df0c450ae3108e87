"""The two blocks of U-Net: a pair of 3x3 convolutions, and the step from a coarse map to the next finer one.

Paper: U-Net: Convolutional Networks for Biomedical Image Segmentation (Ronneberger et al., 2015),
https://arxiv.org/abs/1505.04597
The convolutions are padded, so that sizes are kept and nothing is cropped; the up-sampled map is resized to the skip's size,
which differs by one where the finer map's size is odd.
"""

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.sampling import H, Input, N, Sampling, W
from mcore.tensor import Tensor
from models import BatchNorm2d, ConvTranspose2d, Identity, ReLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvNormAct
from models.functional import resize_like
from models.utils import MAP_SIZES


class DoubleConv(Block, Sequential):
    """Two 3x3 convolutions, each with ``norm`` and ``act``.

    Args:
        in_channels: of the map.
        out_channels: of the result and between.
        norm: class, called with the number of channels; ``None`` for biases in its place, as in the paper.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        norm: type[Module] | None = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            ConvNormAct(in_channels=in_channels, out_channels=out_channels, norm=norm, act=act),
            ConvNormAct(in_channels=out_channels, out_channels=out_channels, norm=norm, act=act),
        )
        self.in_channels = in_channels

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)  # (N, out_channels, H, W)


class UpBlock(Block):
    """A coarse map at twice its size, joined with the finer map ``skip``, through a :class:`DoubleConv`.

    Args:
        in_channels: of the coarse map.
        skip_channels: of the finer map.
        out_channels: of the result.
        learned: double the size by a transposed convolution to ``out_channels``, as in the paper; else by resizing alone.
        norm: class, called with the number of channels; ``None`` for biases in its place.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 128,
        skip_channels: int = 64,
        out_channels: int = 64,
        learned: bool = True,
        norm: type[Module] | None = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels, self.skip_channels = in_channels, skip_channels
        self.up = ConvTranspose2d(in_channels, out_channels, 2, stride=2) if learned else Identity()
        up_channels = out_channels if learned else in_channels
        self.conv = DoubleConv(in_channels=skip_channels + up_channels, out_channels=out_channels, norm=norm, act=act)

    @property
    def sampling(self) -> Sampling:
        inputs = (Input("x", (N, self.in_channels, H, W)), Input("skip", (N, self.skip_channels, 2 * H, 2 * W)))
        return Sampling(inputs, MAP_SIZES, minimum=2)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = resize_like(self.up(x), skip)  # (N, C, 2H, 2W)
        return self.conv(F.cat([skip, x], dim=1))  # (N, out_channels, 2H, 2W)
