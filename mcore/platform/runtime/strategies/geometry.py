"""Numbers of a convolution, and its input with zeros around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.operation import Context
from mcore.platform.runtime.step import ELEMENT, Step, Steps, copy, fill, lanes, spans, together

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes of a convolution; pairs are (height, width), in elements."""

    batch: int
    size: Pair
    channels: int
    out_size: Pair
    out_channels: int
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int

    @classmethod
    def of(cls, node: BoundNode, output: str, context: Context) -> Geometry:
        """The geometry of a ``conv2d`` node."""
        batch, channels, height, width = context.shape(node.operands[0])
        kernel = context.shape(node.operands[1])[2:]
        _, out_channels, out_height, out_width = context.shape(output)
        a = node.attributes
        return cls(
            batch,
            (height, width),
            channels,
            (out_height, out_width),
            out_channels,
            (kernel[0], kernel[1]),
            a["stride"],
            a["padding"],
            a["dilation"],
            a["groups"],
        )

    @property
    def taps(self) -> int:
        """Positions of the kernel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def pixels(self) -> int:
        """Output positions of one image."""
        return self.out_size[0] * self.out_size[1]

    @property
    def multiplications(self) -> int:
        """Of a direct computation."""
        return self.batch * self.pixels * self.taps * self.channels * self.out_channels // self.groups

    @property
    def reach(self) -> Pair:
        """Size of the padded input that the windows cover."""
        height, width = (
            (n - 1) * s + d * (k - 1) + 1
            for n, s, d, k in zip(self.out_size, self.stride, self.dilation, self.kernel, strict=True)
        )
        return height, width

    @property
    def is_plain(self) -> bool:
        """Whether the convolution is a product of channels, pixel by pixel."""
        return self.kernel == (1, 1) and self.stride == (1, 1) and self.padding == (0, 0)


class Padded:
    """The input as windows see it: with a border of zeros, in scratch, where the convolution pads; else as it lies.

    ``size`` is how much of the padded input there must be, if that is more than the windows cover.
    """

    def __init__(self, geometry: Geometry, size: Pair | None = None) -> None:
        self._geometry = geometry
        height, width = size or geometry.reach
        self._shape = (geometry.batch, height, width, geometry.channels)
        is_inside = geometry.padding == (0, 0) and height <= geometry.size[0] and width <= geometry.size[1]
        self.scratch = 0 if is_inside else int(np.prod(self._shape))

    def view(self, x: np.ndarray, scratch: np.ndarray) -> np.ndarray:
        """The padded input (N, H', W', C); filled by :meth:`steps`."""
        return scratch[: self.scratch].reshape(self._shape) if self.scratch else x

    def steps(self, x: np.ndarray, scratch: np.ndarray, threads: int = 1) -> Steps:
        """Zero the border and copy the inside; the memory is shared with others, so the border is zeroed on each run."""
        if not self.scratch:
            return
        padded = self.view(x, scratch)
        (top, left), (_, height, width, _) = self._geometry.padding, self._shape
        bottom = min(top + self._geometry.size[0], height)
        right = min(left + self._geometry.size[1], width)
        for border in (
            padded[:, :top],
            padded[:, bottom:],
            padded[:, top:bottom, :left],
            padded[:, top:bottom, right:],
        ):
            if border.size:
                yield Step(fill, (np.float32(0),), border)
        source, target = x[:, : bottom - top, : right - left], padded[:, top:bottom, left:right]
        rows = spans(source.shape[1], lanes(ELEMENT * source.size, threads))
        yield from together([Step(copy, (source[:, some],), target[:, some])] for some in rows)


def windows(padded: np.ndarray, geometry: Geometry, last: int) -> np.ndarray:
    """A read-only view (N, Ho, Wo, kh, kw, last) of all windows on ``padded``: of each, ``last`` consecutive elements a tap."""
    n, row, column, element = padded.strides
    (sy, sx), (dy, dx) = geometry.stride, geometry.dilation
    return np.lib.stride_tricks.as_strided(
        padded,
        (geometry.batch, *geometry.out_size, *geometry.kernel, last),
        (n, sy * row, sx * column, dy * row, dx * column, element),
        writeable=False,
    )
