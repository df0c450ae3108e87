"""``cat``: each input is copied to its part of the output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.ops.rules import dimension
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.operation import Operation, Values
from mcore.platform.runtime.step import Step, copy


class Join(Operation):
    """Values of one element type along any dimension."""

    def __init__(self, node: BoundNode) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        self._dim: int = node.attributes["dim"]

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        out = values.logical(self.outputs[0])
        ahead = (slice(None),) * dimension(self._dim, out.ndim)
        start = 0
        for name in self.inputs:
            part = values.logical(name)
            if not part.size:  # it may be the empty vector, which has no such dimension
                continue
            stop = start + part.shape[len(ahead)]
            yield Step(copy, (part,), out[(*ahead, slice(start, stop))])
            start = stop
