"""Resizing to the size of another map."""

import mcore.functional as F
from mcore.tensor import Tensor


def resize_like(x: Tensor, reference: Tensor, mode: str = "bilinear") -> Tensor:
    """``x`` at the height and width of ``reference``; exact where the sizes are the same.

    ``mode`` is ``bilinear``, on pixel centres, or ``nearest``. Called without a test of the sizes on purpose: one graph then
    serves every resolution.
    """
    return F.interpolate(x, size=reference.shape[-2:], mode=mode, align_corners=None if mode == "nearest" else False)
