"""Output shapes as functions of the input's batch ``n`` and size ``h``, ``w``; of several features, that of the coarsest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Shapes = Callable[[int, int, int], list[tuple[int, ...]]]


def ceil(size: int, stride: int) -> int:
    """``size / stride`` rounded up."""
    return math.ceil(size / stride)


def features(channels: Sequence[int], strides: Sequence[int] = (2, 4, 8, 16, 32)) -> Shapes:
    """Feature maps of an image, each size rounded up."""
    return lambda n, h, w: [(n, c, ceil(h, s), ceil(w, s)) for c, s in zip(channels, strides, strict=True)]


def map_of(channels: int, scale: int = 1) -> Shapes:
    """One map, ``scale`` times the size of the input."""
    return lambda n, h, w: [(n, channels, scale * h, scale * w)]


def vector(length: int) -> Shapes:
    """One vector for each image."""
    return lambda n, h, w: [(n, length)]
