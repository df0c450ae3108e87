"""Resizing to the size of another map."""

import mcore.functional as F
from mcore.tensor import Tensor


def resize_like(x: Tensor, reference: Tensor) -> Tensor:
    """``x`` at the height and width of ``reference``, bilinear on pixel centres; exact where the sizes are the same.

    Called without a test of the sizes on purpose: one graph then serves every resolution.
    """
    return F.interpolate(x, size=reference.shape[-2:], mode="bilinear", align_corners=False)
