"""Pooling of whole maps."""

import mcore.functional as F
from mcore.tensor import Tensor


def global_average(x: Tensor) -> Tensor:
    """Mean of each channel over all places: ``(N, C, H, W)`` to ``(N, C)``."""
    return F.flatten(F.adaptive_avg_pool2d(x, 1), 1)
