"""What necks have in common that work on the coarsest map alone."""

from collections.abc import Sequence

from mcore.tensor import Tensor
from models.necks.base import Neck
from models.utils import check_features


class CoarsestNeck(Neck):
    """The coarsest map transformed, at the same resolution; the finer ones as they are. Subclasses define ``transform``.

    Raises:
        ValueError: the description is not one of features from fine to coarse.
    """

    def __init__(self, in_channels: Sequence[int], in_strides: Sequence[int], out_channels: int) -> None:
        check_features(type(self).__name__, in_channels, in_strides)
        super().__init__()
        self.in_channels, self.in_strides = tuple(in_channels), tuple(in_strides)
        self.channels, self.strides = (*self.in_channels[:-1], out_channels), self.in_strides

    def transform(self, x: Tensor) -> Tensor:
        """``(N, in_channels[-1], H, W)`` to ``(N, channels[-1], H, W)``."""
        raise NotImplementedError

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        return [*features[:-1], self.transform(features[-1])]
