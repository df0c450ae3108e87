"""Matrix products: ``linear`` with constant weights, and ``matmul`` of two values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.epilogue import Epilogue
from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.memory import aligned_copy, padded_rows
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import Step, Steps, lanes
from mcore.platform.runtime.strategies.base import RowProduct

#: Rows up to which a product reads the weight as it is, row by row: a transposed copy would cost more than it gains.
FEW_ROWS = 2


class Linear(Operation):
    """``linear``: its rows in whatever order the input has them."""

    def __init__(self, group: Group, context: Context) -> None:
        x, weight, *bias = group.head.operands
        (self._output,) = group.outputs
        self._x = x
        outer, inner = context.shape(weight)
        multiplications = int(np.prod(context.shape(x))) * outer
        self._has_few_rows = multiplications <= FEW_ROWS * inner * outer
        if self._has_few_rows:
            self._matrix = context.prepared.plain(weight, context.constants)
        else:
            self._matrix = context.prepared.get(weight, "(I, O)", lambda: padded_rows(context.constants[weight].T))
        self._epilogue = Epilogue(outer, context.constants[bias[0]] if bias else None, group.stages)
        self.inputs, self.outputs = (x, *self._epilogue.inputs), group.outputs
        shared = lanes(multiplications, context.threads)
        self._product = RowProduct(self._output, self._epilogue, context.blas, shared, context.threads)
        self.scratch = (self._epilogue.scratch,) * context.threads

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        rows, out = values.rows(self._x, 1), values.rows(self._output, 1)
        if self._has_few_rows:
            yield from self._product.of_few_rows(rows, self._matrix, out, values, scratch)
        else:
            yield from self._product.steps(rows, self._matrix, out, values, scratch)


class LinearOnColumns(Operation):
    """``linear`` where other dimensions than the last one are innermost in memory: ``weight @ columns``.

    That is a mix of tokens or of heads, written as a permutation, a linear layer and a permutation back. The output lies as
    the input.
    """

    def __init__(self, group: Group, context: Context) -> None:
        x, weight, *bias = group.head.operands
        (self._output,) = group.outputs
        self._x = x
        order, shape = context.forms.order(x), context.shape(x)
        place = order.index(len(order) - 1)
        self._columns = int(np.prod([shape[axis] for axis in order[place + 1 :]]))
        self._matrix = context.prepared.get(weight, "(O, I)", lambda: padded_rows(context.constants[weight]))
        self._bias = aligned_copy(context.constants[bias[0]][:, None]) if bias else None
        self._epilogue = Epilogue(1, None, group.stages)
        self.inputs, self.outputs = (x, *self._epilogue.inputs), group.outputs
        self.scratch = (self._epilogue.scratch,)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        outer, inner = self._matrix.shape
        x = values.stored(self._x).reshape(-1, inner, self._columns)
        out = values.stored(self._output).reshape(-1, outer, self._columns)
        yield Step(np.matmul, (self._matrix, x), out)
        if self._bias is not None:
            yield Step(np.add, (out, self._bias), out)
        yield from self._epilogue.steps(values, self._output, scratch[0])


class MatrixProduct(Operation):
    """``matmul`` of values of two or more dimensions."""

    def __init__(self, node: BoundNode) -> None:
        self.inputs, self.outputs = node.operands, node.outputs

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        a, b = (values.logical(name) for name in self.inputs)
        yield Step(np.matmul, (a, b), values.logical(self.outputs[0]))
