"""Depthwise convolution: a weighted sum of windows, channel by channel, as one ``einsum`` on a view of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.flat import TILE
from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.memory import aligned_copy
from mcore.platform.runtime.operation import Context, Values
from mcore.platform.runtime.step import Step, Steps, in_two, is_shareable, lanes, ranges, shares, together
from mcore.platform.runtime.strategies.base import Convolution
from mcore.platform.runtime.strategies.geometry import Padded, windows

#: Length of the innermost sum that is worth repeating the weights for, in elements.
RUN = 512

#: Multiplications of a matrix product that take as long as one of these sums' terms.
SUM = 8


class DepthwiseConvolution(Convolution):
    """As many groups as channels, one output for each.

    Where the windows do not stride along a row, ``_pixels`` neighbours of it are one run of the innermost loop.
    """

    def __init__(self, group: Group, context: Context) -> None:
        super().__init__(group, context)
        g = self.geometry
        width = g.out_size[1]
        divisors = [d for d in range(1, width + 1) if width % d == 0]
        self._pixels = next((d for d in divisors if d * g.channels >= RUN), width) if g.stride[1] == 1 else 1
        form = f"(kh, kw, {self._pixels} * C)"
        self._taps = self.prepared(context, form, lambda weight: _repeated_taps(weight, self._pixels))
        self._padded = Padded(g)
        self.scratch = (self._padded.scratch, *[self.epilogue.scratch] * context.threads)
        self._work = g.batch * g.pixels * g.channels * g.taps * SUM
        self.lanes = lanes(self._work, context.threads)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        g = self.geometry
        x, out = values.stored(self.x), values.stored(self.output)
        yield from self._padded.steps(x, scratch[0], self.threads)
        read = windows(self._padded.view(x, scratch[0]), g, self._pixels * g.channels)[:, :, :: self._pixels]
        runs = out.reshape(g.batch, g.out_size[0], -1, self._pixels * g.channels)
        row = g.out_size[1] * g.channels
        rows = ranges(g.out_size[0], max(TILE // row, 1))
        if g.batch == len(rows) == 1 and is_shareable(self._work):
            rows = in_two(g.out_size[0])
        bands = [(i, *band) for i in range(g.batch) for band in rows]
        yield from together(
            [step for band in share for step in self._band(band, read, runs, values, own)]
            for share, own in zip(shares(bands, self.lanes), scratch[1:], strict=False)
        )

    def _band(
        self, band: tuple[int, int, int], read: np.ndarray, runs: np.ndarray, values: Values, scratch: np.ndarray
    ) -> Iterator[Step]:
        image, top, bottom = band
        g = self.geometry
        yield Step(np.einsum, ("hwijp,ijp->hwp", read[image, top:bottom], self._taps), runs[image, top:bottom])
        row, start = g.out_size[1] * g.channels, image * g.out_size[0]
        yield from self.epilogue.steps(values, self.output, scratch, (start + top) * row, (start + bottom) * row)


def _repeated_taps(weight: np.ndarray, count: int) -> np.ndarray:
    """``(C, 1, kh, kw)`` as ``(kh, kw, count * C)``."""
    return aligned_copy(np.tile(weight[:, 0].transpose(1, 2, 0), (1, 1, count)))
