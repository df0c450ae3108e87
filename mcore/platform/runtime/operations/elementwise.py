"""Functions of one value, arithmetic of two, and batch norm that could not be folded; with the stages that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.epilogue import Epilogue
from mcore.platform.runtime.flat import TILE, pieces, repeated, with_vector
from mcore.platform.runtime.folding import scale_and_shift
from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.pointwise import Pointwise
from mcore.platform.runtime.step import Step

#: Ufuncs of the arithmetic ops of two tensors.
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
}


class Unary(Operation):
    """A function of each element."""

    def __init__(self, group: Group, function: Pointwise, context: Context) -> None:
        (self._x,), (self._output,) = group.head.operands, group.outputs
        self._function = function
        self._is_alike = context.same_order(self._x, self._output)
        self.inputs, self.outputs = (self._x,), group.outputs
        size = int(np.prod(context.shape(self._output)))
        self.scratch = (min(TILE, size),)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        out = values.stored(self._output).reshape(-1)
        if self._is_alike:
            source = values.stored(self._x).reshape(-1)
        else:
            yield Step(np.positive, (values.logical(self._x),), values.logical(self._output))
            source = out
        for first, last in pieces(0, out.size):
            yield from self._function.passes(source[first:last], out[first:last], scratch[0][: last - first])


class Binary(Operation):
    """A ufunc of two values: on flat memory where they lie alike, else on views that broadcast."""

    def __init__(self, group: Group, context: Context) -> None:
        self._names, (self._output,) = group.head.operands, group.outputs
        self._ufunc = BINARY[group.head.op]
        self._is_alike = all(context.same_order(name, self._output) for name in self._names)
        self._epilogue = Epilogue(1, None, group.stages)
        self.inputs, self.outputs = (*self._names, *self._epilogue.inputs), group.outputs
        self.scratch = (self._epilogue.scratch,)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        if not self._is_alike:
            a, b = (values.logical(name) for name in self._names)
            yield Step(self._ufunc, (a, b), values.logical(self._output))
            yield from self._epilogue.steps(values, self._output, scratch[0])
            return
        a, b = (values.stored(name).reshape(-1) for name in self._names)
        out = values.stored(self._output).reshape(-1)
        for first, last in pieces(0, out.size):
            yield Step(self._ufunc, (a[first:last], b[first:last]), out[first:last])
            yield from self._epilogue.steps(values, self._output, scratch[0], first, last)


class Affine(Operation):
    """Batch norm of an image, as ``x * scale + shift`` for each channel."""

    def __init__(self, group: Group, context: Context) -> None:
        (self._x, *_), (self._output,) = group.head.operands, group.outputs
        self._channels = context.shape(self._x)[1]
        scale, shift = scale_and_shift(group.head, context.constants)
        self._scale = repeated(scale.astype(np.float32))
        self._epilogue = Epilogue(self._channels, shift.astype(np.float32), group.stages)
        self.inputs, self.outputs = (self._x, *self._epilogue.inputs), group.outputs
        self.scratch = (self._epilogue.scratch,)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        x, out = values.stored(self._x).reshape(-1), values.stored(self._output).reshape(-1)
        for first, last in pieces(0, out.size, self._channels):
            yield from with_vector(np.multiply, x[first:last], self._scale, out[first:last])
            yield from self._epilogue.steps(values, self._output, scratch[0], first, last)
