"""Convolution, normalization and activation: the unit that most convolutional networks repeat.

Two classes of it, since checkpoints come with two namings of its layers: by number, and ``conv`` and ``bn``.
"""

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Identity, ReLU
from models.basicblocks.base import Block


class ConvNormAct(Block, Sequential):
    """A convolution that keeps the size (at stride 1), then ``norm``, then ``act``.

    Its layers have numbers for names (``0``, ``1``), as torchvision's block of the same kind.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        kernel_size: odd, so that the padding can be even on both sides.
        stride: of the convolution.
        dilation: of the convolution.
        groups: of the convolution; ``in_channels`` for a depthwise one.
        norm: class, called with the number of channels; ``None`` for no normalization, the convolution then has a bias.
        act: class, called without arguments; ``None`` for no activation.

    Raises:
        ValueError: ``kernel_size`` is even.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        kernel_size: int = 3,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        norm: type[Module] | None = BatchNorm2d,
        act: type[Module] | None = ReLU,
    ) -> None:
        if kernel_size % 2 == 0:
            raise ValueError(f"ConvNormAct: kernel_size must be odd to keep the size, got {kernel_size}")
        padding = (kernel_size - 1) // 2 * dilation
        layers = [Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias=norm is None)]
        if norm is not None:
            layers.append(norm(out_channels))
        if act is not None:
            layers.append(act())
        super().__init__(*layers)
        self.in_channels = in_channels

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)  # (N, out_channels, H/stride, W/stride)


class ConvBnAct(Block):
    """A convolution, then ``norm``, then ``act``, named ``conv``, ``bn`` and ``act`` as in timm and in torchvision's Inception.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        kernel_size: one number, or height and width.
        stride: of the convolution.
        padding: on both sides, one number, or of height and width; ``None`` for what keeps the size at stride 1.
        dilation: of the convolution.
        groups: of the convolution; ``in_channels`` for a depthwise one.
        norm: class, called with the number of channels.
        act: class, called without arguments; ``None`` for no activation.

    Raises:
        ValueError: ``kernel_size`` is even and ``padding`` is not given.
    """

    def __init__(
        self,
        *,
        in_channels: int = 64,
        out_channels: int = 64,
        kernel_size: int | tuple[int, int] = 3,
        stride: int = 1,
        padding: int | tuple[int, int] | None = None,
        dilation: int = 1,
        groups: int = 1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] | None = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        kernel = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        if padding is None:
            if any(size % 2 == 0 for size in kernel):
                raise ValueError(f"ConvBnAct: kernel_size must be odd to keep the size, got {kernel_size}")
            padding = ((kernel[0] - 1) // 2 * dilation, (kernel[1] - 1) // 2 * dilation)
        self.conv = Conv2d(in_channels, out_channels, kernel, stride, padding, dilation, groups, bias=False)
        self.bn = norm(out_channels)
        self.act = Identity() if act is None else act()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))  # (N, out_channels, H/stride, W/stride)
