"""Windows that slide over the last dimensions: how many there are, and what each of their taps sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcore.platform.dims import ceildiv, minimum
from mcore.platform.errors import ShapeError
from mcore.platform.ops.rules import Size


def window_count(
    size: Size, kernel: Size, stride: Size, padding: Size, dilation: Size = 1, *, ceil_mode: bool = False
) -> Size:
    """How many windows fit on ``size``; with ``ceil_mode`` the last may hang over, if it starts before the right padding."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if isinstance(room, int) and room < 0 and not ceil_mode:
        raise ShapeError(
            f"the window of {dilation * (kernel - 1) + 1} is larger than the padded size {size + 2 * padding}"
        )
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode:
        count = minimum(count, ceildiv(size + padding, stride))
    if isinstance(count, int) and count < 1:
        raise ShapeError(f"no window fits on size {size}")
    return count


def tap(
    position: Sequence[int], counts: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[Any, ...]:
    """Index of the elements that the tap at ``position`` of the window sees, one for each of ``counts`` windows an axis."""
    starts = [i * d for i, d in zip(position, dilation, strict=True)]
    ends = [start + (n - 1) * s + 1 for start, n, s in zip(starts, counts, stride, strict=True)]
    return (..., *map(slice, starts, ends, stride))
