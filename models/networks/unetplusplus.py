"""U-Net++: a U-Net whose skips are nested nodes, each of which joins all of its level before it with the level below.

Paper: UNet++: A Nested U-Net Architecture for Medical Image Segmentation (Zhou et al., 2018), https://arxiv.org/abs/1807.10165
Departures: as :class:`~models.networks.unet.UNet`, and maps are doubled by resizing, not by transposed convolutions.
"""

from itertools import pairwise

from mcore.module import Module, ModuleList
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import BatchNorm2d, MaxPool2d, ReLU
from models.basicblocks import DoubleConv
from models.heads import UNetPlusPlusDecoder
from models.networks.base import Network
from models.utils import SEGMENTATION_SIZES


class UNetPlusPlus(Network):
    """Scores of the classes at each pixel; 9.2 million parameters at the paper's widths.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
        width: of the first maps; each halving of the resolution doubles it.
        depth: halvings.
        deep_supervision: the scores are the mean of those of all nodes of the finest level, not those of the last one alone.
        norm: class, called with the number of channels; ``None`` for biases in its place.
        act: class, called without arguments.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 2,
        width: int = 32,
        depth: int = 4,
        deep_supervision: bool = False,
        norm: type[Module] | None = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        widths = [width * 2**i for i in range(depth + 1)]
        self.stem = DoubleConv(in_channels=in_channels, out_channels=width, norm=norm, act=act)
        self.pool = MaxPool2d(2)
        self.down = ModuleList(
            [DoubleConv(in_channels=a, out_channels=b, norm=norm, act=act) for a, b in pairwise(widths)]
        )
        self.decoder = UNetPlusPlusDecoder(
            in_channels=widths,
            in_strides=[2**i for i in range(depth + 1)],
            num_classes=num_classes,
            widths=widths[-2::-1],
            deep_supervision=deep_supervision,
            norm=norm,
            act=act,
        )

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels, SEGMENTATION_SIZES)

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.stem(x)]  # (N, width, H, W)
        for down in self.down:
            maps.append(down(self.pool(maps[-1])))  # (N, 2 * C, H/2, W/2)
        return self.decoder(maps)  # (N, num_classes, H, W)
