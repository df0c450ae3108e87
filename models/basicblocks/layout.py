"""Layouts of maps, and normalization of maps that are not laid out for it, as layers of a Sequential."""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import LayerNorm


class Permute(Module):
    """The dimensions in another order; a layer, so that those beside it have the numbers of public checkpoints.

    Args:
        dims: the old place of each new dimension.
    """

    def __init__(self, *, dims: tuple[int, ...] = (0, 2, 3, 1)) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return F.permute(x, self.dims)


class LayerNorm2d(LayerNorm):
    """Layer normalization of a map's channels at each place.

    Args:
        channels: of the map.
        eps: added to the variance.
    """

    def __init__(self, channels: int = 96, *, eps: float = 1e-6) -> None:
        super().__init__(channels, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        return F.permute(super().forward(F.permute(x, (0, 2, 3, 1))), (0, 3, 1, 2))  # (N, C, H, W)
