"""1×1 convolution: one matrix product over all pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.memory import padded_rows
from mcore.platform.runtime.operation import Context, Values
from mcore.platform.runtime.step import Step, Steps, copy
from mcore.platform.runtime.strategies.base import Convolution


class PointwiseConvolution(Convolution):
    """Kernel 1×1, one group, no padding; where it strides, the pixels that it reads are gathered first."""

    def __init__(self, group: Group, context: Context) -> None:
        super().__init__(group, context)
        g = self.geometry
        self._matrix = self.prepared(context, "(C, O)", lambda w: padded_rows(w.reshape(g.out_channels, g.channels).T))
        gathered = 0 if g.is_plain else g.batch * g.pixels * g.channels
        self.scratch = (gathered, *[self.epilogue.scratch] * context.threads)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        g = self.geometry
        x = values.stored(self.x)
        if not g.is_plain:
            read = x[:, :: g.stride[0], :: g.stride[1]]
            x = scratch[0].reshape(read.shape)
            yield Step(copy, (read,), x)
        rows = x.reshape(-1, g.channels)
        out = values.stored(self.output).reshape(-1, g.out_channels)
        yield from self.product.steps(rows, self._matrix, out, values, scratch[1:])
