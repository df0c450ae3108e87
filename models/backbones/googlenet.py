"""GoogLeNet: a stem of three convolutions and nine inception modules.

Paper: Going Deeper with Convolutions (Szegedy et al., 2015), https://arxiv.org/abs/1409.4842
Normalized, and as in torchvision, whose parameter names these are: no local response normalization, and a 3x3 convolution in
place of each 5x5 (see :class:`~models.basicblocks.Inception`).
"""

from mcore.module import Module
from mcore.tensor import Tensor
from models import MaxPool2d, ReLU
from models.backbones.base import Backbone
from models.basicblocks import ConvBnAct, Inception
from models.basicblocks.inception import InceptionNorm

#: Table 1 of the paper: the convolutions of each inception module, in the order of its branches.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class GoogLeNet(Backbone):
    """The features are the last maps before each pooling, and that of the last module.

    Args:
        in_channels: of the image.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = InceptionNorm, act: type[Module] = ReLU) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.channels = (64, 192, 480, 832, 1024)
        self.strides = (2, 4, 8, 16, 32)
        self.conv1 = ConvBnAct(in_channels=in_channels, out_channels=64, kernel_size=7, stride=2, norm=norm, act=act)
        self.maxpool1 = MaxPool2d(3, 2, ceil_mode=True)
        self.conv2 = ConvBnAct(in_channels=64, out_channels=64, kernel_size=1, norm=norm, act=act)
        self.conv3 = ConvBnAct(in_channels=64, out_channels=192, norm=norm, act=act)
        self.maxpool2 = MaxPool2d(3, 2, ceil_mode=True)
        before = 192
        for name, widths in MODULES.items():
            module = Inception(in_channels=before, widths=widths, norm=norm, act=act)
            self.add_module(f"inception{name}", module)
            before = module.out_channels
        self.maxpool3 = MaxPool2d(3, 2, ceil_mode=True)
        self.maxpool4 = MaxPool2d(2, 2, ceil_mode=True)

    def forward(self, x: Tensor) -> list[Tensor]:
        x1 = self.conv1(x)  # (N, 64, H/2, W/2)
        x2 = self.conv3(self.conv2(self.maxpool1(x1)))  # (N, 192, H/4, W/4)
        x3 = self.inception3b(self.inception3a(self.maxpool2(x2)))  # (N, 480, H/8, W/8)
        x4 = self.inception4b(self.inception4a(self.maxpool3(x3)))
        x4 = self.inception4e(self.inception4d(self.inception4c(x4)))  # (N, 832, H/16, W/16)
        x5 = self.inception5b(self.inception5a(self.maxpool4(x4)))  # (N, 1024, H/32, W/32)
        return [x1, x2, x3, x4, x5]
