"""Fast-SCNN: the first layers are shared by a path that keeps places and a deep one that sees context.

Paper: Fast-SCNN: Fast Semantic Segmentation Network (Poudel et al., 2019), https://arxiv.org/abs/1902.04502
Pooled means and maps that are joined are resized to one another, so every size is legal.
"""

from mcore.module import Module, Sequential
from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout, ReLU
from models.basicblocks import ConvNormAct, InvertedResidual, SeparableConv
from models.functional import resize_like
from models.necks import PPM
from models.networks.base import Network
from models.utils import SEGMENTATION_SIZES

#: Table 1 of the paper, the bottlenecks, which widen by six: channels, blocks, stride of the first block.
SETTINGS = ((64, 3, 2), (96, 3, 2), (128, 3, 1))


class FastSCNN(Network):
    """Scores of the classes at each pixel; 1.1 million parameters.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
        dropout: share of the values before the scores that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 19,
        dropout: float = 0.1,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels

        def separable(before: int, after: int, stride: int = 1) -> SeparableConv:
            return SeparableConv(
                in_channels=before, out_channels=after, stride=stride, norm=norm, act=act, act_between=False
            )

        self.learning_to_downsample = Sequential(
            ConvNormAct(in_channels=in_channels, out_channels=32, stride=2, norm=norm, act=act),
            separable(32, 48, 2),
            separable(48, 64, 2),
        )
        self.global_features = Sequential(*_bottlenecks(64, norm, act))
        self.ppm = PPM(in_channels=(128,), in_strides=(32,), norm=norm, act=act)
        self.project = ConvNormAct(in_channels=256, out_channels=128, kernel_size=1, norm=norm, act=act)
        self.fuse_low = Sequential(
            ConvNormAct(in_channels=128, out_channels=128, dilation=4, groups=128, norm=norm, act=act),
            Conv2d(128, 128, 1),
            norm(128),
        )
        self.fuse_high = Sequential(Conv2d(64, 128, 1), norm(128))
        self.act = act()
        self.classifier = Sequential(
            separable(128, 128), separable(128, 128), Dropout(dropout), Conv2d(128, num_classes, 1)
        )

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels, SEGMENTATION_SIZES)

    def forward(self, x: Tensor) -> Tensor:
        high = self.learning_to_downsample(x)  # (N, 64, H/8, W/8)
        low = self.project(*self.ppm([self.global_features(high)]))  # (N, 128, H/32, W/32)
        fused = self.act(self.fuse_high(high) + self.fuse_low(resize_like(low, high)))  # (N, 128, H/8, W/8)
        return resize_like(self.classifier(fused), x)  # (N, num_classes, H, W)


def _bottlenecks(channels: int, norm: type[Module], act: type[Module]) -> list[Module]:
    blocks: list[Module] = []
    for width, depth, first_stride in SETTINGS:
        for i in range(depth):
            stride = first_stride if i == 0 else 1
            blocks.append(InvertedResidual(in_channels=channels, out_channels=width, stride=stride, norm=norm, act=act))
            channels = width
    return blocks
