"""EfficientNetV2: EfficientNet whose early stages fuse the widening and the depthwise convolution, for speed.

Paper: EfficientNetV2: Smaller Models and Faster Training (Tan and Le, 2021), https://arxiv.org/abs/2104.00298
Parameter names are torchvision's. Stochastic depth, which the paper trains with at 0.2, is off unless it is asked for.
"""

from mcore.module import Module
from models import BatchNorm2d, SiLU
from models.backbones.efficientnet import EfficientNet, Stage

#: Table 4 of the paper: fused, expansion, kernel, stride of the first block, channels, blocks.
SMALL: tuple[Stage, ...] = (
    (True, 1, 3, 1, 24, 2),
    (True, 4, 3, 2, 48, 4),
    (True, 4, 3, 2, 64, 4),
    (False, 4, 3, 2, 128, 6),
    (False, 6, 3, 1, 160, 9),
    (False, 6, 3, 2, 256, 15),
)


class MilliBatchNorm2d(BatchNorm2d):
    """Batch normalization with the epsilon of the paper's networks, 0.001."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=0.001)


class EfficientNetV2S(EfficientNet):
    """The small one, 40 blocks; parameters as for :class:`~models.backbones.efficientnet.EfficientNet`."""

    def __init__(
        self,
        *,
        in_channels: int = 3,
        stochastic_depth: float = 0.0,
        norm: type[Module] = MilliBatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(
            settings=SMALL,
            stem=24,
            last=1280,
            in_channels=in_channels,
            stochastic_depth=stochastic_depth,
            norm=norm,
            act=act,
        )
