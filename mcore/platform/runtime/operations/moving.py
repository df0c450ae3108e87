"""Values moved as they are into parts of another: ``cat``, ``stack``, ``pad`` with a constant, ``roll``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from mcore.platform.ops.promotion import as_arrays
from mcore.platform.ops.rules import dimension
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import ELEMENT, Step, Steps, copy, fill, lanes, spans, together


class Join(Operation):
    """``cat`` or ``stack`` of values of one element type: each input is copied to its part of the output."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        shape = context.shape(self.outputs[0])
        self._axis = dimension(node.attributes["dim"], len(shape))
        self._is_stack = node.op == "stack"
        self._lanes = lanes(ELEMENT * math.prod(shape), context.threads)

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        out = values.logical(self.outputs[0])
        axis, start = self._axis, 0
        parts = []
        for name in self.inputs:
            part = values.logical(name)
            if not part.size:  # it may be the empty vector, which has no such dimension
                continue
            if self._is_stack:
                part = np.expand_dims(part, axis)
            stop = start + part.shape[axis]
            parts.append((part, out[(*(slice(None),) * axis, slice(start, stop))]))
            start = stop
        # Shared out along the longest of the other dimensions, the first of several: of most images the rows.
        others = [i for i in range(out.ndim) if i != axis]
        shared = max(others, key=lambda i: (out.shape[i], -i), default=0)
        cuts = [(*(slice(None),) * shared, some) for some in spans(out.shape[shared], self._lanes)] if others else [()]
        yield from together([Step(copy, (part[cut],), target[cut]) for part, target in parts] for cut in cuts)


class Pad(Operation):
    """``pad`` with a constant: the borders are filled, the middle is copied."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        pads, rank = node.attributes["pad"], len(context.shape(node.outputs[0]))
        value = node.attributes["value"]
        (self._value,) = as_arrays(0 if value is None else value, dtype=context.types[node.outputs[0]].dtype)
        pairs = [(pads[i], pads[i + 1]) for i in range(len(pads) - 2, -1, -2)]
        self._pads = [(0, 0)] * (rank - len(pairs)) + pairs

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        source, out = values.logical(self.inputs[0]), values.logical(self.outputs[0])
        middle: tuple[slice, ...] = ()
        for (before, after), size in zip(self._pads, out.shape, strict=True):
            for border in (slice(0, before), slice(size - after, size)):
                if border.start < border.stop:
                    yield Step(fill, (self._value,), out[(*middle, border)])
            middle = (*middle, slice(before, size - after))
        yield Step(copy, (source,), out[middle])


class Roll(Operation):
    """``roll`` along dimensions: each of the up to 2ⁿ blocks that stay together is copied."""

    def __init__(self, node: BoundNode) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        self._shifts, self._dims = node.attributes["shifts"], node.attributes["dims"]

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        source, out = values.logical(self.inputs[0]), values.logical(self.outputs[0])
        if not out.size:
            return
        shifts = [0] * out.ndim
        for shift, dim in zip(self._shifts, self._dims, strict=True):
            shifts[dimension(dim, out.ndim)] += shift
        halves = []
        for shift, size in zip(shifts, out.shape, strict=True):
            cut = -shift % size  # what lies before it comes last
            halves.append(
                [(slice(cut, size), slice(0, size - cut)), (slice(0, cut), slice(size - cut, size))][: 1 + (cut > 0)]
            )
        for blocks in product(*halves):
            reads, writes = zip(*blocks, strict=True)
            yield Step(copy, (source[reads],), out[writes])


def is_planned_pad(node: BoundNode) -> bool:
    """Whether it only adds elements of one value."""
    return node.attributes["mode"] == "constant" and all(pad >= 0 for pad in node.attributes["pad"])
