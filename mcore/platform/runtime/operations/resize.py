"""``interpolate`` on images: rows, then columns, each a weighted sum of a few taken from the input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mcore.platform.ops.resize import NEAREST, antialiased_taps, nearest_indices, per_axis, smooth_taps
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.operation import Context, Operation, Values
from mcore.platform.runtime.step import ELEMENT, Step, Steps, lanes, spans, take, together


class Resize(Operation):
    """All modes; which inputs an output is made of, and their weights, are those of the plain kernel."""

    def __init__(self, node: BoundNode, context: Context) -> None:
        self.inputs, self.outputs = node.operands, node.outputs
        _, channels, *size = context.shape(node.operands[0])
        out_size = context.shape(node.outputs[0])[2:]
        self._taps = [_taps(node, axis, size[axis], out_size[axis]) for axis in range(2)]
        rows = out_size[0] * size[1] * channels
        is_weighted = any(weights is not None for _, weights in self._taps)
        self.scratch = (rows, out_size[0] * max(size[1], out_size[1]) * channels if is_weighted else 0)
        passes = sum(1 if weights is None else 3 * len(weights) for _, weights in self._taps)
        self._spans = spans(out_size[0], lanes(ELEMENT * passes * rows, context.threads))

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        x, out = values.stored(self.inputs[0]), values.stored(self.outputs[0])
        rows = scratch[0].reshape(out.shape[1], *x.shape[2:])
        terms = scratch[1].reshape(out.shape[1], -1)
        for source, target in zip(x, out, strict=True):
            yield from together(
                [
                    *self._along(0, source, rows[some], terms[some], some),
                    *self._along(1, rows[some], target[some], terms[some]),
                ]
                for some in self._spans
            )

    def _along(
        self, axis: int, source: np.ndarray, target: np.ndarray, scratch: np.ndarray, some: slice = slice(None)
    ) -> Iterator[Step]:
        """Those of the outputs along ``axis`` that are in ``some``."""
        indices, weights = self._taps[axis]
        yield Step(take, (source, indices[0, some], axis), target)
        if weights is None:
            return
        shape = (-1, *[1] * (2 - axis))
        yield Step(np.multiply, (target, weights[0, some].reshape(shape)), target)
        term = scratch.reshape(-1)[: target.size].reshape(target.shape)
        for index, weight in zip(indices[1:, some], weights[1:, some], strict=True):
            yield Step(take, (source, index, axis), term)
            yield Step(np.multiply, (term, weight.reshape(shape)), term)
            yield Step(np.add, (target, term), target)


def _taps(node: BoundNode, axis: int, size: int, count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Indices (taps, count) along an axis, and their weights in float32; ``None`` for one tap of weight one."""
    a = node.attributes
    factor = per_axis(a["scale_factor"], 2)[axis] if a["scale_factor"] else None
    if a["mode"] in NEAREST:
        return nearest_indices(size, count, factor, exact=a["mode"] == "nearest-exact")[None], None
    make = antialiased_taps if a["antialias"] else smooth_taps
    indices, weights = make(size, count, factor, bool(a["align_corners"]), a["mode"] == "bicubic")
    return np.ascontiguousarray(indices.T), np.ascontiguousarray(weights.T, dtype=np.float32)
