"""Layouts of maps, as layers of a Sequential."""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor


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
