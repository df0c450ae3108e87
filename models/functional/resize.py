"""Resizing to the size of another map."""

from collections.abc import Sequence

import mcore.functional as F
from mcore.tensor import Tensor


def resize_like(x: Tensor, reference: Tensor, mode: str = "bilinear") -> Tensor:
    """``x`` at the height and width of ``reference``; exact where the sizes are the same.

    ``mode`` is ``bilinear``, on pixel centres, or ``nearest``. Called without a test of the sizes on purpose: one graph then
    serves every resolution.
    """
    return F.interpolate(x, size=reference.shape[-2:], mode=mode, align_corners=None if mode == "nearest" else False)


def join_at_finest(maps: Sequence[Tensor]) -> Tensor:
    """The channels of all maps, from fine to coarse, at the height and width of the first."""
    finest, *coarser = maps
    return F.cat([finest, *(resize_like(x, finest) for x in coarser)], dim=1)
