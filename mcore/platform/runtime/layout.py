"""Where values lie: which are views of others, in what order of dimensions the others are, and the copies between orders.

Planned forms of image ops want images channels last (:data:`~mcore.platform.runtime.forms.IMAGE`); most others take what they
get and pass its order on. So ``permute(0, 2, 3, 1)`` of what a convolution made, or its pixels as tokens, are views.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.runtime.binding import Binding, BoundNode
from mcore.platform.runtime.constants import Constants
from mcore.platform.runtime.epilogue import Combine
from mcore.platform.runtime.forms import IMAGE, PARTS, RESHAPES, VIEWS, Forms, Order
from mcore.platform.runtime.fusion import Group

#: Ops that work on images; their planned forms want their first input and their output stored so.
IMAGE_OPS = frozenset(
    {"conv2d", "conv_transpose2d", "batch_norm", "group_norm", "instance_norm"}
    | {"max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "interpolate"}
)

#: Ops on rows, and how many of the last dimensions of their first input are one.
_ROW_OPS = {"linear": 1, "layer_norm": 0}

#: Ops whose planned forms want their input without gaps, in whatever order.
_DENSE_OPS = frozenset({"softmax", "log_softmax", "normalize", "mean", "sum", "amax", "amin"})

#: Products, which write their result in any order in which BLAS sees a matrix, and read such operands.
_PRODUCTS = frozenset({"matmul", "scaled_dot_product_attention"})


@dataclass(frozen=True, slots=True)
class Laid:
    """A graph whose values have forms: ``groups`` are those that compute something, copies to other orders among them."""

    groups: tuple[Group, ...]
    forms: Forms
    constants: Constants


def lay_out(binding: Binding, groups: Iterable[Group]) -> Laid:
    """A form for every value, from the inputs on."""
    return _Layout(binding, tuple(groups)).laid()


class _Layout:
    def __init__(self, binding: Binding, groups: tuple[Group, ...]) -> None:
        self._groups, self._constants = groups, binding.constants.copy()
        self._forms = Forms(binding.types)
        self._wishes = _wishes(groups, self._forms)
        self._made: list[Group] = []
        self._copies: dict[tuple[str, Order], str] = {}
        for name in (*binding.inputs, *binding.constants):
            self._forms.place(name, self._wishes.get(name) if name in binding.inputs else None)

    def laid(self) -> Laid:
        for group in self._groups:
            if group.stages or not self._forms.derive(group.head):
                self._compute(group)
        return Laid(tuple(self._made), self._forms, self._constants)

    def _compute(self, group: Group) -> None:
        forms, node, result = self._forms, group.head, group.outputs[0]
        order = self._output_order(node, result)
        inputs = list(node.inputs)
        for position, name in enumerate(inputs):
            if name is not None and (wanted := self._wanted(node, position, name, order)) is not None:
                inputs[position] = self._in_order(name, wanted)
        for name in group.outputs:
            forms.place(name, order if len(forms.shape(name)) == len(order or ()) else self._wishes.get(name))
        stages = tuple(
            replace(stage, value=self._in_order(stage.value, forms.order(result)))
            if isinstance(stage, Combine)
            else stage
            for stage in group.stages
        )
        self._made.append(Group(replace(node, inputs=tuple(inputs)), stages, group.outputs))

    def _wanted(self, node: BoundNode, position: int, name: str, order: Order | None) -> Order | None:
        """The order in which an operand must be dense; ``None`` where the operation takes it as it is."""
        forms = self._forms
        natural = tuple(range(len(forms.shape(name))))
        if position == 0 and node.op in IMAGE_OPS:
            return IMAGE if self._is_image(name) else None
        if position == 0 and (inner := row_dimensions(node)):
            return natural if forms.rows(name, inner) is None and not is_on_columns(node, forms) else None
        if node.op in _PRODUCTS and position < 3 and len(natural) > 1:
            return None if forms.is_matrix(name) else natural
        if node.op in _DENSE_OPS:
            return (
                None
                if forms.dense_order(name) is not None
                else (order if len(order or ()) == len(natural) else natural)
            )
        if name in self._constants and forms.types[name] == forms.types[node.outputs[0]]:
            return order
        return None

    def _output_order(self, node: BoundNode, result: str) -> Order | None:
        """The order of the output: that of the input where the planned form keeps it, else what its readers wish."""
        forms = self._forms
        if node.op in IMAGE_OPS and self._is_image(result):
            return IMAGE
        if is_on_columns(node, forms):
            return forms.order(node.operands[0])
        if inner := row_dimensions(node):
            return forms.rows(node.operands[0], inner) or tuple(range(len(forms.shape(result))))
        shape = forms.shape(result)
        if node.op in RESHAPES:  # a copy, which views the output in the input's shape
            wished = self._wishes.get(result)
            is_possible = wished is not None and _reshaped(forms, result, wished, forms.shape(node.operands[0]))
            return wished if is_possible else tuple(range(len(shape)))
        if node.op in _PRODUCTS:
            wished = self._wishes.get(result)
            return wished if wished and wished[-1] >= len(shape) - 2 else tuple(range(len(shape)))
        likely = [name for name in node.operands if forms.shape(name) == shape and name not in self._constants]
        if node.op in ("cat", "pad"):
            likely = [name for name in node.operands if len(forms.shape(name)) == len(shape)]
        orders = [order for name in likely if (order := forms.dense_order(name)) is not None]
        return orders[0] if orders else self._wishes.get(result)

    def _in_order(self, name: str, order: Order) -> str:
        """``name``, or a copy of it, that is dense in ``order``."""
        if self._forms.is_dense(name, order):
            return name
        if (name, order) not in self._copies:
            copy = f"{name} in order {','.join(map(str, order))}"
            self._forms.types[copy] = self._forms.types[name]
            self._forms.place(copy, order)
            if name in self._constants:
                self._constants.add(copy, partial(self._constants.__getitem__, name))
            else:
                self._made.append(Group(copying(name, copy, self._forms.types[name]), (), (copy,)))
            self._copies[name, order] = copy
        return self._copies[name, order]

    def _is_image(self, name: str) -> bool:
        kind = self._forms.types[name]
        return kind.dtype is DType.FLOAT32 and len(kind.shape) == 4


def row_dimensions(node: BoundNode) -> int:
    """How many of the last dimensions of its input an op takes as a row, if it works on rows; else none."""
    if node.kernel is not None or node.op not in _ROW_OPS:
        return 0
    return _ROW_OPS[node.op] or len(node.attributes["normalized_shape"])


def is_on_columns(node: BoundNode, forms: Forms) -> bool:
    """Whether the input of a ``linear`` has no gaps, and other dimensions than the last one innermost in memory."""
    x = node.operands[0]
    if node.op != "linear" or node.kernel is not None or forms.rows(x, 1) is not None:
        return False
    order = forms.dense_order(x)
    return order is not None and order[-1] != len(order) - 1


def copying(source: str, target: str, kind: TensorType) -> BoundNode:
    """A node that copies a value to another order of memory."""
    return BoundNode("reshape", (source,), (target,), {"shape": kind.shape}, f"copy of {source}")


def _wishes(groups: Iterable[Group], forms: Forms) -> dict[str, Order]:
    """The order in which its readers would like a value that could lie in any; the first of them counts."""
    wishes: dict[str, Order] = {}
    for group in reversed(tuple(groups)):
        node = group.head
        wished = wishes.get(group.outputs[0])
        for position, name in enumerate(node.operands):
            shape = forms.shape(name)
            if node.op in IMAGE_OPS and position == 0 and len(shape) == 4:
                wishes[name] = IMAGE
            elif position == 0 and row_dimensions(node):
                wishes[name] = tuple(range(len(shape)))
            elif node.op in ("permute", "transpose") and shape:
                axes = np.arange(len(shape))
                moved = _moved(node, axes)
                wishes[name] = tuple(int(moved[axis]) for axis in wished or range(len(shape)))
            elif node.op in RESHAPES and wished is not None:
                if order := _reshaped(forms, group.outputs[0], wished, shape):
                    wishes[name] = order
            elif wished is not None and (node.op in PARTS or _is_elementwise(node, shape, forms)):
                wishes[name] = wished
    return wishes


def _is_elementwise(node: BoundNode, shape: tuple[int, ...], forms: Forms) -> bool:
    """Whether an op, if its operand has that shape, makes values that lie as the operand does."""
    return node.op not in VIEWS and shape == forms.shape(node.outputs[0])


def _moved(node: BoundNode, axes: np.ndarray) -> np.ndarray:
    """For each dimension of the result of a permutation, the dimension of the input that it is."""
    if node.op == "permute":
        return axes[list(node.attributes["dims"])]
    first, second = node.attributes["dim0"], node.attributes["dim1"]
    axes[first], axes[second] = axes[second], axes[first]
    return axes


def _reshaped(forms: Forms, result: str, wished: Order, shape: tuple[int, ...]) -> Order | None:
    """The order of an input of ``shape`` whose reshape to ``result`` lies as ``wished``, if there is one."""
    forms.place(result, wished)
    try:
        strides = np.reshape(forms.outline(result), shape, copy=False).strides
    except ValueError:
        return None
    return tuple(sorted(range(len(shape)), key=lambda axis: (-strides[axis], axis)))
