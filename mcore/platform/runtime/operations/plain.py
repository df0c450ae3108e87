"""Any op by its plain kernel, or by an injected one, on views in the graph's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError
from mcore.platform.ops import registry
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.operation import Operation, Values
from mcore.platform.runtime.step import Step


class Plain(Operation):
    """The node's kernel, then a copy of what it returns into the buffers of its outputs."""

    def __init__(self, node: BoundNode) -> None:
        self._node = node
        self.inputs, self.outputs = node.operands, node.outputs

    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Iterator[Step]:
        node = self._node
        op = registry.get(node.op)
        missing = 0 if op.variadic else len(op.inputs) - len(node.inputs)
        arrays = [None if name is None else values.logical(name) for name in node.inputs] + [None] * missing
        out = [values.logical(name) for name in node.outputs]
        if node.kernel is None:
            kernel = partial(_calculate, op, tuple(DType.of(target) for target in out))
            yield Step(partial(_call, kernel, node.attributes, node.label), tuple(arrays), out)
        else:
            yield Step(partial(_call_injected, node.kernel, node.attributes, node.label), tuple(arrays), out)


def _calculate(
    op: registry.Op, dtypes: tuple[DType, ...], *arrays: np.ndarray | None, **attributes: Any
) -> tuple[np.ndarray, ...]:
    return op.calculate(arrays, attributes, dtypes)


def _call(
    kernel: Callable[..., Any],
    attributes: Mapping[str, Any],
    label: str,
    *arrays: np.ndarray | None,
    out: Sequence[np.ndarray],
) -> None:
    results = kernel(*arrays, **attributes)
    for result, target in zip(results if isinstance(results, tuple) else (results,), out, strict=True):
        array = np.asarray(result)
        if array.shape != target.shape or array.dtype != target.dtype:
            raise GraphError(
                f"{label}: the kernel made {array.dtype} {array.shape}, the graph wants {target.dtype} {target.shape}"
            )
        np.copyto(target, array)


def _call_injected(
    kernel: Callable[..., Any],
    attributes: Mapping[str, Any],
    label: str,
    *arrays: np.ndarray | None,
    out: Sequence[np.ndarray],
) -> None:
    """With contiguous copies: a kernel from elsewhere may write to what it is given, and may want it in the graph's order."""
    copies = [None if a is None else np.array(a, order="C") for a in arrays]
    _call(kernel, attributes, label, *copies, out=out)
