"""HRNet: branches of four resolutions side by side, which exchange what they know after every few blocks.

Paper: Deep High-Resolution Representation Learning for Visual Recognition (Wang et al., 2020), https://arxiv.org/abs/1908.07919
Parameter names are timm's. A coarse map is resized to the size of the finer one, not by a factor, so that images of any size
fit; at multiples of 32 it is the same.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Identity, ReLU
from models.backbones.base import Backbone
from models.basicblocks import BasicBlock, Bottleneck, ConvNormAct

#: Blocks of each branch between two exchanges.
DEPTH = 4


class Exchange(Module):
    """Four basic blocks on each branch, then each branch is the sum of all, brought to its width and resolution.

    Args:
        channels: of the branches, from fine to coarse, each at half the resolution of the one before.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(self, *, channels: Sequence[int], norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        self.branches = ModuleList(
            [
                Sequential(*(BasicBlock(in_channels=c, out_channels=c, norm=norm, act=act) for _ in range(DEPTH)))
                for c in channels
            ]
        )
        indices = range(len(channels))
        self.fuse_layers = ModuleList(
            [ModuleList([_route(channels, source, target, norm, act) for source in indices]) for target in indices]
        )
        self.fuse_act = act()

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        maps = [branch(x) for branch, x in zip(self.branches, maps, strict=True)]
        fused = []
        for target, routes in enumerate(self.fuse_layers):
            size = maps[target].shape[-2:]
            total = None
            for source, (route, x) in enumerate(zip(routes, maps, strict=True)):
                y = route(x)
                if source > target:
                    y = F.interpolate(y, size=size, mode="nearest")
                total = y if total is None else total + y
            fused.append(self.fuse_act(total))  # (N, channels[target], H/2^target, W/2^target)
        return fused


def _route(channels: Sequence[int], source: int, target: int, norm: type[Module], act: type[Module]) -> Module:
    """From one branch to another: 1x1 to a finer one, which resizing follows; strided 3x3 steps to a coarser one."""
    before, after = channels[source], channels[target]
    if source == target:
        return Identity()
    if source > target:
        return ConvNormAct(in_channels=before, out_channels=after, kernel_size=1, norm=norm, act=None)
    steps = [
        ConvNormAct(in_channels=before, out_channels=before, stride=2, norm=norm, act=act)
        for _ in range(target - source - 1)
    ]
    return Sequential(*steps, ConvNormAct(in_channels=before, out_channels=after, stride=2, norm=norm, act=None))


class HRNet(Backbone):
    """The features are the last maps of the four branches.

    Args:
        width: channels of the finest branch; each other has twice as many as the one before.
        in_channels: of the image.
        exchanges: in the stages of two, three and four branches.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        width: int,
        in_channels: int = 3,
        exchanges: tuple[int, int, int] = (1, 4, 3),
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channels = tuple(width * 2**i for i in range(4))
        self.strides = (4, 8, 16, 32)
        self.conv1 = Conv2d(in_channels, 64, 3, 2, 1, bias=False)
        self.bn1 = norm(64)
        self.act1 = act()
        self.conv2 = Conv2d(64, 64, 3, 2, 1, bias=False)
        self.bn2 = norm(64)
        self.act2 = act()
        self.layer1 = Sequential(
            *(Bottleneck(in_channels=64 if i == 0 else 256, out_channels=256, norm=norm, act=act) for i in range(4))
        )

        def coarser(before: int, after: int) -> Sequential:
            return Sequential(ConvNormAct(in_channels=before, out_channels=after, stride=2, norm=norm, act=act))

        def stage(branches: int) -> Sequential:
            count = exchanges[branches - 2]
            return Sequential(*(Exchange(channels=self.channels[:branches], norm=norm, act=act) for _ in range(count)))

        c = self.channels
        first = ConvNormAct(in_channels=256, out_channels=c[0], norm=norm, act=act)
        self.transition1 = ModuleList([first, coarser(256, c[1])])
        self.stage2 = stage(2)
        self.transition2 = ModuleList([Identity(), Identity(), coarser(c[1], c[2])])
        self.stage3 = stage(3)
        self.transition3 = ModuleList([Identity(), Identity(), Identity(), coarser(c[2], c[3])])
        self.stage4 = stage(4)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.act1(self.bn1(self.conv1(x)))  # (N, 64, H/2, W/2)
        x = self.act2(self.bn2(self.conv2(x)))  # (N, 64, H/4, W/4)
        x = self.layer1(x)  # (N, 256, H/4, W/4)
        maps = self.stage2([transition(x) for transition in self.transition1])
        maps = self.stage3([*maps, self.transition2[2](maps[-1])])
        return self.stage4([*maps, self.transition3[3](maps[-1])])  # (N, channels[i], H/strides[i], W/strides[i])


class HRNetW18(HRNet):
    """18 channels in the finest branch; parameters as for :class:`HRNet`."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = ReLU) -> None:
        super().__init__(width=18, in_channels=in_channels, norm=norm, act=act)


class HRNetW32(HRNet):
    """32 channels in the finest branch; parameters as for :class:`HRNet`."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = ReLU) -> None:
        super().__init__(width=32, in_channels=in_channels, norm=norm, act=act)
