"""Boxes of detectors: from what each place of a map predicts to corners in pixels of the image.

Nothing here turns a size into a number, so that one graph serves every resolution.
"""

import math
from collections.abc import Sequence

import mcore.functional as F
from mcore.tensor import Tensor, float32, tensor

#: Logarithm of how much longer than an anchor's a side may be.
LARGEST_GROWTH = math.log(1000 / 16)


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


def anchor_rows(
    maps: Sequence[Tensor],
    strides: Sequence[float],
    anchors: Sequence[Sequence[tuple[float, float]]],
    offset: float,
) -> tuple[Tensor, Tensor]:
    """Centres, and widths and heights, of the anchors at all places of all maps, ``(K, 2)`` each, ordered as :func:`rows`."""
    centres, sizes = [], []
    for x, stride, each in zip(maps, strides, anchors, strict=True):
        grid = places(x, stride, offset)
        height, width = x.shape[-2:]
        here = F.unsqueeze(tensor(each, dtype=float32, device=x.device), 0)  # (1, A, 2)
        centres.append(F.repeat_interleave(grid, len(each), dim=0))
        sizes.append(F.flatten(F.expand(here, (height * width, -1, -1)), 0, 1))
    return F.cat(centres, dim=0), F.cat(sizes, dim=0)


def moved(changes: Tensor, centres: Tensor, sizes: Tensor) -> Tensor:
    """Corners of anchors ``(K, 2)`` that are moved by parts of their size and scaled by exponentials: ``(N, K, 4)`` of both.

    As in Faster R-CNN (Ren et al., 2015, https://arxiv.org/abs/1506.01497); a side grows to no more than 62.5 times its length.
    """
    move, growth = F.split(changes, 2, dim=-1)
    return corners(centres + move * sizes, F.exp(F.clamp(growth, max=LARGEST_GROWTH)) * sizes)
