"""What the heads of RetinaNet and FCOS share: towers of 3x3 convolutions that all levels pass, and how their layers start."""

from collections.abc import Sequence

from mcore.init import constant_, normal_
from mcore.sampling import Sampling
from models import Conv2d
from models.heads.detection import DetectionHead
from models.utils import COARSEST_SIZES, feature_inputs


class TowerHead(DetectionHead):
    """A detection head that takes features of one width.

    Raises:
        ValueError: the description is not one of features from fine to coarse, or their widths differ.
    """

    def __init__(self, in_channels: Sequence[int], in_strides: Sequence[int]) -> None:
        super().__init__(in_channels, in_strides)
        if len(set(self.in_channels)) != 1:
            raise ValueError(f"{type(self).__name__}: all features have the same channels, got {self.in_channels}")
        self.strides = self.in_strides

    @property
    def sampling(self) -> Sampling:
        return Sampling(feature_inputs(self.in_channels, self.in_strides), COARSEST_SIZES, minimum=1)


def predictor(channels: int, out_channels: int, *, bias: float = 0.0) -> Conv2d:
    """A 3x3 convolution with small weights and a bias, as the papers start all layers of these heads."""
    conv = Conv2d(channels, out_channels, 3, padding=1)
    normal_(conv.weight, 0.0, 0.01)
    constant_(conv.bias, bias)
    return conv
