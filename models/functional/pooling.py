"""Pooling of whole maps."""

import mcore.functional as F
from mcore.tensor import Tensor


def global_average(x: Tensor) -> Tensor:
    """Mean of each channel over all places: ``(N, C, H, W)`` to ``(N, C)``."""
    return F.flatten(F.adaptive_avg_pool2d(x, 1), 1)


def global_maximum(x: Tensor) -> Tensor:
    """Largest value of each channel over all places: ``(N, C, H, W)`` to ``(N, C)``."""
    return F.flatten(F.adaptive_max_pool2d(x, 1), 1)


def generalized_mean(x: Tensor, power: Tensor | float, least: float = 1e-6) -> Tensor:
    """Mean of ``power`` of each channel over all places, of values of ``least`` or more: ``(N, C, H, W)`` to ``(N, C)``.

    A power of one is the mean, and the larger it is the nearer to the maximum.
    """
    return global_average(F.clamp(x, min=least) ** power) ** (1.0 / power)
