"""A value copied to another order of memory, or to another shape that is no view of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.operation import Operation, Values
from mcore.platform.runtime.step import Step, copy


class Copy(Operation):
    """A ``reshape`` or one of its kin: one copy, whatever the strides of the input."""

    def __init__(self, node: BoundNode) -> None:
        self.inputs, self.outputs = node.operands, node.outputs

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        source, out = values.logical(self.inputs[0]), values.logical(self.outputs[0])
        if source.shape != out.shape:
            out = np.reshape(out, source.shape, copy=False)
        yield Step(copy, (source,), out)
