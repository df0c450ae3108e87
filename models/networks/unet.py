"""U-Net: a contracting path of double convolutions, and an expanding one that joins each of its maps on the way up.

Paper: U-Net: Convolutional Networks for Biomedical Image Segmentation (Ronneberger et al., 2015),
https://arxiv.org/abs/1505.04597
Departures: convolutions are padded, so the output has the size of the image and nothing is cropped; at odd sizes, which have
no exact half, an up-sampled map is resized to the map it joins, so every size is legal; batch normalization follows each
convolution (``norm=None`` gives the paper's biases instead); images have three channels by default, not one.
"""

from itertools import pairwise

from mcore.module import Module, ModuleList
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, MaxPool2d, ReLU
from models.basicblocks import DoubleConv, UpBlock
from models.networks.base import Network
from models.utils import SEGMENTATION_SIZES


class UNet(Network):
    """Scores of the classes at each pixel; 31 million parameters at the paper's widths.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
        width: of the first maps; each halving of the resolution doubles it.
        depth: halvings.
        norm: class, called with the number of channels; ``None`` for biases in its place.
        act: class, called without arguments.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 2,
        width: int = 64,
        depth: int = 4,
        norm: type[Module] | None = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        widths = [width * 2**i for i in range(depth + 1)]
        steps = list(pairwise(widths))
        self.stem = DoubleConv(in_channels=in_channels, out_channels=width, norm=norm, act=act)
        self.pool = MaxPool2d(2)
        self.down = ModuleList([DoubleConv(in_channels=a, out_channels=b, norm=norm, act=act) for a, b in steps])
        self.up = ModuleList(
            [UpBlock(in_channels=b, skip_channels=a, out_channels=a, norm=norm, act=act) for a, b in reversed(steps)]
        )
        self.score = Conv2d(width, num_classes, 1)

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels, SEGMENTATION_SIZES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)  # (N, width, H, W)
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(self.pool(x))  # (N, 2 * C, H/2, W/2)
        for up in self.up:
            x = up(x, skips.pop())  # (N, C/2, 2H, 2W)
        return self.score(x)  # (N, num_classes, H, W)
