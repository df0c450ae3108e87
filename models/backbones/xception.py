"""Xception: residual blocks of depthwise separable convolutions, in an entry, a middle and an exit flow.

Paper: Xception: Deep Learning with Depthwise Separable Convolutions (Chollet, 2017), https://arxiv.org/abs/1610.02357
Parameter names are those of timm's ``legacy_xception``. The two convolutions of the stem have no padding, as in the paper's
release.
"""

from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, ReLU
from models.backbones.base import Backbone
from models.basicblocks import XceptionBlock
from models.basicblocks.xception import SeparableConv2d


class Xception(Backbone):
    """The features are the stem's map, those of the first three blocks' and the middle flow's resolutions, and the last one.

    Args:
        in_channels: of the image.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    cropped = 3

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = ReLU) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channels = (64, 128, 256, 728, 2048)
        self.strides = (2, 4, 8, 16, 32)

        def block(before: int, after: int, **options: int) -> XceptionBlock:
            return XceptionBlock(in_channels=before, out_channels=after, norm=norm, act=act, **options)

        self.conv1 = Conv2d(in_channels, 32, 3, 2, bias=False)
        self.bn1 = norm(32)
        self.act1 = act()
        self.conv2 = Conv2d(32, 64, 3, bias=False)
        self.bn2 = norm(64)
        self.act2 = act()
        self.block1 = block(64, 128, depth=2, stride=2, act_first=False)
        self.block2 = block(128, 256, depth=2, stride=2)
        self.block3 = block(256, 728, depth=2, stride=2)
        for i in range(4, 12):
            self.add_module(f"block{i}", block(728, 728))
        self.block12 = block(728, 1024, depth=2, stride=2, grow_first=False)
        self.conv3 = SeparableConv2d(in_channels=1024, out_channels=1536)
        self.bn3 = norm(1536)
        self.act3 = act()
        self.conv4 = SeparableConv2d(in_channels=1536, out_channels=2048)
        self.bn4 = norm(2048)
        self.act4 = act()

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.act1(self.bn1(self.conv1(x)))  # (N, 32, H/2, W/2)
        x1 = self.act2(self.bn2(self.conv2(x)))  # (N, 64, H/2, W/2)
        x2 = self.block1(x1)  # (N, 128, H/4, W/4)
        x3 = self.block2(x2)  # (N, 256, H/8, W/8)
        x4 = self.block3(x3)
        for i in range(4, 12):
            x4 = getattr(self, f"block{i}")(x4)  # (N, 728, H/16, W/16)
        x = self.block12(x4)  # (N, 1024, H/32, W/32)
        x = self.act3(self.bn3(self.conv3(x)))  # (N, 1536, H/32, W/32)
        x5 = self.act4(self.bn4(self.conv4(x)))  # (N, 2048, H/32, W/32)
        return [x1, x2, x3, x4, x5]
