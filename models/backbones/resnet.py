"""ResNet: stages of residual blocks, each at half the resolution of the one before and twice as wide.

Paper: Deep Residual Learning for Image Recognition (He et al., 2016), https://arxiv.org/abs/1512.03385
Bottlenecks stride in their 3x3 convolution ("version 1.5"), and parameter names are torchvision's. The last stages can be
dilated in place of strided, as in DeepLab (Chen et al., 2017, https://arxiv.org/abs/1606.00915), and the stem can be three
3x3 convolutions, as in ResNet-C (He et al., 2019, https://arxiv.org/abs/1812.01187).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, MaxPool2d, ReLU
from models.backbones.base import Backbone
from models.basicblocks import BasicBlock, Bottleneck, Res2Bottleneck, SplitAttentionBottleneck


class ResNet(Backbone):
    """Stem and four stages; the features are the stem's map and each stage's.

    Args:
        block: class of the residual blocks.
        depths: blocks in each stage.
        in_channels: of the image.
        width: of the stem and of the maps inside the first stage's blocks.
        output_stride: 32; 16 or 8 dilate the last one or two stages in place of striding.
        groups: of the bottlenecks' 3x3 convolutions.
        group_width: channels of each group in the first stage.
        deep_stem: begin with three 3x3 convolutions, the first two of half the width, in place of one 7x7.
        norm: class, called with the number of channels.
        act: class, called without arguments.
        attention: class of a channel attention for every block, called with ``in_channels``.

    Raises:
        ValueError: ``depths`` are not of four stages, ``output_stride`` is another, or basic blocks are to have groups.
    """

    def __init__(
        self,
        *,
        block: type[BasicBlock] | type[Bottleneck] | type[Res2Bottleneck] | type[SplitAttentionBottleneck],
        depths: Sequence[int],
        in_channels: int = 3,
        width: int = 64,
        output_stride: int = 32,
        groups: int = 1,
        group_width: int = 64,
        deep_stem: bool = False,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
        attention: type[Module] | None = None,
    ) -> None:
        name = type(self).__name__
        if len(depths) != 4:
            raise ValueError(f"{name}: depths are of four stages, got {tuple(depths)}")
        if output_stride not in (8, 16, 32):
            raise ValueError(f"{name}: output_stride is 8, 16 or 32, got {output_stride}")
        if block.expansion == 1 and (groups, group_width) != (1, 64):
            raise ValueError(f"{name}: basic blocks have no groups, got groups={groups} and group_width={group_width}")
        super().__init__()
        widths = [width * 2**i * block.expansion for i in range(4)]
        self.in_channels = in_channels
        self.channels = (width, *widths)
        self.strides = (2, 4, *(min(s, output_stride) for s in (8, 16, 32)))

        self.conv1 = (
            _deep_stem(in_channels, width, norm, act) if deep_stem else Conv2d(in_channels, width, 7, 2, 3, bias=False)
        )
        self.bn1 = norm(width)
        self.act1 = act()
        self.maxpool = MaxPool2d(3, 2, 1)
        options: dict[str, Any] = {"norm": norm, "act": act, "attention": attention}
        if block.expansion > 1:  # a bottleneck
            options |= {"groups": groups, "group_width": group_width}
        stages = zip(self.channels, widths, depths, _steps(output_stride), strict=False)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            _stage(block, before, after, depth, *step, options) for before, after, depth, step in stages
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        stem = self.act1(self.bn1(self.conv1(x)))  # (N, C, H/2, W/2)
        x1 = self.layer1(self.maxpool(stem))  # (N, C1, H/4, W/4)
        x2 = self.layer2(x1)  # (N, C2, H/8, W/8)
        x3 = self.layer3(x2)  # (N, C3, H/16, W/16), or H/8 where dilated
        x4 = self.layer4(x3)  # (N, C4, H/32, W/32), or H/16, H/8 where dilated
        return [stem, x1, x2, x3, x4]


def _deep_stem(in_channels: int, width: int, norm: type[Module], act: type[Module]) -> Sequential:
    half = width // 2
    return Sequential(
        Conv2d(in_channels, half, 3, 2, 1, bias=False),
        norm(half),
        act(),
        Conv2d(half, half, 3, 1, 1, bias=False),
        norm(half),
        act(),
        Conv2d(half, width, 3, 1, 1, bias=False),
    )


def _steps(output_stride: int) -> Iterator[tuple[int, int, int]]:
    """Of each stage: its stride, the dilation of its first block, which still sees the denser grid, and of the others."""
    dilation = 1
    yield 1, 1, 1
    for stride in (8, 16, 32):
        before, dilation = dilation, dilation if stride <= output_stride else 2 * dilation
        yield (2 if stride <= output_stride else 1), before, dilation


def _stage(
    block: type[Module],
    in_channels: int,
    out_channels: int,
    depth: int,
    stride: int,
    first_dilation: int,
    dilation: int,
    options: dict[str, Any],
) -> Sequential:
    """``depth`` blocks, the first of which changes resolution and width."""
    first = block(in_channels=in_channels, out_channels=out_channels, stride=stride, dilation=first_dilation, **options)
    others = [
        block(in_channels=out_channels, out_channels=out_channels, dilation=dilation, **options)
        for _ in range(depth - 1)
    ]
    return Sequential(first, *others)


class ResNet18(ResNet):
    """18 layers: (2, 2, 2, 2) basic blocks; parameters as for :class:`ResNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=BasicBlock,
            depths=(2, 2, 2, 2),
            in_channels=in_channels,
            output_stride=output_stride,
            norm=norm,
            act=act,
        )


class ResNet34(ResNet):
    """34 layers: (3, 4, 6, 3) basic blocks; parameters as for :class:`ResNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=BasicBlock,
            depths=(3, 4, 6, 3),
            in_channels=in_channels,
            output_stride=output_stride,
            norm=norm,
            act=act,
        )


class ResNet50(ResNet):
    """50 layers: (3, 4, 6, 3) bottlenecks; parameters as for :class:`ResNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=Bottleneck,
            depths=(3, 4, 6, 3),
            in_channels=in_channels,
            output_stride=output_stride,
            norm=norm,
            act=act,
        )


class ResNet101(ResNet):
    """101 layers: (3, 4, 23, 3) bottlenecks; parameters as for :class:`ResNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=Bottleneck,
            depths=(3, 4, 23, 3),
            in_channels=in_channels,
            output_stride=output_stride,
            norm=norm,
            act=act,
        )


class ResNet152(ResNet):
    """152 layers: (3, 8, 36, 3) bottlenecks; parameters as for :class:`ResNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        output_stride: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(
            block=Bottleneck,
            depths=(3, 8, 36, 3),
            in_channels=in_channels,
            output_stride=output_stride,
            norm=norm,
            act=act,
        )
