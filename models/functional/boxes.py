"""Boxes of detectors: from what each place of a map predicts to corners in pixels of the image.

Nothing here turns a size into a number, so that one graph serves every resolution.
"""

import mcore.functional as F
from mcore.tensor import Tensor, float32


def cells(x: Tensor, columns: int) -> Tensor:
    """What a map predicts at each place for each anchor: ``(N, A * columns, H, W)`` to ``(N, H * W, A, columns)``."""
    split = F.unflatten(x, 1, (-1, columns))  # (N, A, columns, H, W)
    return F.flatten(F.permute(split, (0, 3, 4, 1, 2)), 1, 2)


def rows(x: Tensor, columns: int) -> Tensor:
    """The same with one row for each anchor at each place: ``(N, H * W * A, columns)``."""
    return F.flatten(cells(x, columns), 1, 2)


def places(x: Tensor, stride: float, offset: float) -> Tensor:
    """``((column + offset) * stride, (row + offset) * stride)`` of each place of a map, row by row: ``(H * W, 2)``."""
    height, width = x.shape[-2:]
    ys, xs = (F.arange(size, dtype=float32, device=x.device) for size in (height, width))
    grid_y, grid_x = F.meshgrid(ys, xs, indexing="ij")
    return (F.flatten(F.stack([grid_x, grid_y], dim=-1), 0, 1) + offset) * stride


def corners(centres: Tensor, sizes: Tensor) -> Tensor:
    """``(..., 2)`` centres and ``(..., 2)`` widths and heights to ``(..., 4)``: left, top, right, bottom."""
    half = sizes / 2
    return F.cat([centres - half, centres + half], dim=-1)
