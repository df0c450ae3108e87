"""CSPNet: stages where half of the channels goes through the blocks and the other half past them, to be joined at the end.

Paper: CSPNet: A New Backbone that can Enhance Learning Capability of CNN (Wang et al., 2020), https://arxiv.org/abs/1911.11929
CSPDarknet-53 is the backbone of YOLOv4 (Bochkovskiy et al., 2020, https://arxiv.org/abs/2004.10934). As in timm, whose
parameter names these are, the two halves come from one 1x1 convolution, which computes what two would, and activations are
leaky; YOLOv4 takes ``act=Mish``.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Identity, LeakyReLU, MaxPool2d
from models.backbones.base import Backbone
from models.basicblocks import ConvBnAct, CSPBottleneck, DarkBlock


class CrossStage(Module):
    """Maybe halve the resolution; expand; one half of the channels through ``blocks``; join; project to ``out_channels``.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        down_channels: of the map of halved resolution; ``None`` where the resolution stays.
        split_channels: of each half.
        blocks: of the second half; they keep its shape.
        linear: no activation after the convolution whose result is split.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        out_channels: int,
        down_channels: int | None,
        split_channels: int,
        blocks: Sequence[Module],
        linear: bool,
        norm: type[Module],
        act: type[Module],
    ) -> None:
        super().__init__()
        self.split_channels = split_channels
        self.conv_down = (
            Identity()
            if down_channels is None
            else ConvBnAct(in_channels=in_channels, out_channels=down_channels, stride=2, norm=norm, act=act)
        )

        def pointwise(before: int, after: int, act: type[Module] | None = act) -> ConvBnAct:
            return ConvBnAct(in_channels=before, out_channels=after, kernel_size=1, norm=norm, act=act)

        self.conv_exp = pointwise(down_channels or in_channels, 2 * split_channels, None if linear else act)
        self.blocks = Sequential(*blocks)
        self.conv_transition_b = pointwise(split_channels, split_channels)
        self.conv_transition = pointwise(2 * split_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_exp(self.conv_down(x))  # (N, 2*split_channels, H/2, W/2)
        past, through = F.split(x, self.split_channels, dim=1)
        through = self.conv_transition_b(self.blocks(through))
        return self.conv_transition(F.cat([past, through], dim=1))  # (N, out_channels, H/2, W/2)


class CSPResNet50(Backbone):
    """CSPNet over ResNet-50's stages; the features are the stem's map and each stage's.

    Args:
        in_channels: of the image.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = LeakyReLU
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channels = (64, 128, 256, 512, 1024)
        self.strides = (2, 4, 8, 16, 32)
        self.stem = Sequential()
        self.stem.add_module(
            "conv1", ConvBnAct(in_channels=in_channels, out_channels=64, kernel_size=7, stride=2, norm=norm, act=act)
        )
        self.pool = MaxPool2d(3, 2, 1)
        stages = []
        for before, after, depth in zip(self.channels, self.channels[1:], (3, 3, 5, 2), strict=False):
            blocks = [CSPBottleneck(in_channels=after, norm=norm, act=act) for _ in range(depth)]
            stages.append(
                CrossStage(
                    in_channels=before,
                    out_channels=after,
                    down_channels=before if stages else None,
                    split_channels=after,
                    blocks=blocks,
                    linear=True,
                    norm=norm,
                    act=act,
                )
            )
        self.stages = ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        stem = self.stem(x)  # (N, 64, H/2, W/2)
        maps = [stem]
        x = self.pool(stem)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
        return maps


class CSPDarknet53(Backbone):
    """CSPNet over Darknet-53's stages; the features are the maps of the five stages.

    Args:
        in_channels: of the image.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = LeakyReLU
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channels = (64, 128, 256, 512, 1024)
        self.strides = (2, 4, 8, 16, 32)
        self.stem = Sequential()
        self.stem.add_module("conv1", ConvBnAct(in_channels=in_channels, out_channels=32, norm=norm, act=act))
        stages = []
        for before, after, depth in zip((32, *self.channels), self.channels, (1, 2, 8, 8, 4), strict=False):
            # The first stage's halves are as wide as the stage, its block narrows inside; later ones halve and do not.
            split, width = (after // 2, after // 2) if stages else (after, after // 2)
            blocks = [DarkBlock(in_channels=split, width=width, norm=norm, act=act) for _ in range(depth)]
            stages.append(
                CrossStage(
                    in_channels=before,
                    out_channels=after,
                    down_channels=after,
                    split_channels=split,
                    blocks=blocks,
                    linear=False,
                    norm=norm,
                    act=act,
                )
            )
        self.stages = ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)  # (N, 32, H, W)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
        return maps
