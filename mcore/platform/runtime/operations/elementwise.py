"""Functions of one value, arithmetic of two, and batch norm that could not be folded; with the stages that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.epilogue import Epilogue
from mcore.platform.runtime.flat import PERIOD, TILE, pieces, repeated, with_vector
from mcore.platform.runtime.folding import scale_and_shift
from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.pointwise import Pointwise
from mcore.platform.runtime.step import Step, copy

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
        self.scratch = (function.temporaries * min(TILE, size),)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        out = values.stored(self._output).reshape(-1)
        if self._is_alike:
            source = values.stored(self._x).reshape(-1)
        else:
            yield Step(np.positive, (values.logical(self._x),), values.logical(self._output))
            source = out
        for first, last in pieces(0, out.size):
            temporaries = scratch[0][: self._function.temporaries * (last - first)]
            yield from self._function.passes(source[first:last], out[first:last], temporaries)


class Binary(Operation):
    """A ufunc of two values, one of which may be broadcast, in pieces of the output's memory.

    An operand of the output's shape and order is read flat. One that is a run of neighbours in memory, the same for each of
    many places (a value for each channel), is repeated first. Any other is left to NumPy.
    """

    def __init__(self, group: Group, context: Context) -> None:
        self._names, (self._output,) = group.head.operands, group.outputs
        self._ufunc = BINARY[group.head.op]
        self._is_alike = [context.same_order(name, self._output) for name in self._names]
        self._order = context.forms.order(self._output)
        self._sizes = [context.shape(self._output)[axis] for axis in self._order]
        self._runs = [self._run(name, context) for name in self._names]
        self._constants = [
            repeated(np.broadcast_to(context.constants[name].reshape(-1), run))
            if run and not is_alike and name in context.constants
            else None
            for name, run, is_alike in zip(self._names, self._runs, self._is_alike, strict=True)
        ]
        self._epilogue = Epilogue(1, None, group.stages)
        self.inputs, self.outputs = (*self._names, *self._epilogue.inputs), group.outputs
        run = next((run for run, is_alike in zip(self._runs, self._is_alike, strict=True) if run and not is_alike), 1)
        self.scratch = (self._epilogue.scratch, -(-PERIOD // run) * run)

    def _run(self, name: str, context: Context) -> int:
        """Elements of the run at the end of memory that a broadcast operand has values for; 0 if it is not of that form."""
        shape = context.shape(name)
        aligned = (*[1] * (len(self._sizes) - len(shape)), *shape)
        sizes = [aligned[axis] for axis in self._order]
        first = next((place for place, size in enumerate(sizes) if size != 1), len(sizes))
        if sizes[first:] != self._sizes[first:] or not context.forms.is_dense(name, _kept(self._order, len(shape))):
            return 0
        return int(np.prod(sizes[first:]))

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        out = values.stored(self._output).reshape(-1)
        if not out.size:
            return
        if all(self._is_alike):
            a, b = (values.stored(name).reshape(-1) for name in self._names)
            for first, last in pieces(0, out.size):
                yield Step(self._ufunc, (a[first:last], b[first:last]), out[first:last])
                yield from self._epilogue.steps(values, self._output, scratch[0], first, last)
        elif any(self._is_alike) and all(self._runs):
            yield from self._with_run(values, scratch, out)
        else:
            a, b = (values.logical(name) for name in self._names)
            yield Step(self._ufunc, (a, b), values.logical(self._output))
            yield from self._epilogue.steps(values, self._output, scratch[0])

    def _with_run(self, values: Values, scratch: Sequence[np.ndarray], out: np.ndarray) -> Iterator[Step]:
        whole = self._is_alike.index(True)
        flat, run = values.stored(self._names[whole]).reshape(-1), self._runs[1 - whole]
        vector = self._constants[1 - whole]
        if vector is None:
            vector = scratch[1]
            yield Step(copy, (values.stored(self._names[1 - whole]).reshape(-1),), vector.reshape(-1, run))
        for first, last in pieces(0, out.size, run):
            yield from with_vector(self._ufunc, flat[first:last], vector, out[first:last], vector_first=whole == 1)
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


def _kept(order: Sequence[int], rank: int) -> tuple[int, ...]:
    """The order of the last ``rank`` dimensions."""
    dropped = len(order) - rank
    return tuple(axis - dropped for axis in order if axis >= dropped)
