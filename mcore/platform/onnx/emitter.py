"""Building an ONNX graph: operators, constants, and sizes as tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from mcore.platform.dims import Atom, Expr
from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.onnx.table import NeedsSizes, NoForm, Value
from mcore.platform.ops.promotion import Scalar, as_arrays, result_type
from mcore.platform.ops.rules import Shape, Size

#: The largest and least positions of a slice.
END, BEGIN = 2**63 - 1, -(2**63)

_TYPES = {
    DType.FLOAT64: onnx.TensorProto.DOUBLE,
    DType.FLOAT32: onnx.TensorProto.FLOAT,
    DType.FLOAT16: onnx.TensorProto.FLOAT16,
    DType.INT64: onnx.TensorProto.INT64,
    DType.INT32: onnx.TensorProto.INT32,
    DType.INT16: onnx.TensorProto.INT16,
    DType.INT8: onnx.TensorProto.INT8,
    DType.UINT8: onnx.TensorProto.UINT8,
    DType.BOOL: onnx.TensorProto.BOOL,
}

Operand = Value | str | None


def element_type(dtype: DType) -> int:
    """ONNX's number for an element type; raises :class:`NoForm` for one that is not written."""
    if dtype not in _TYPES:
        raise NoForm(f"the element type {dtype.value} is not written")
    return int(_TYPES[dtype])


class Emitter:
    """A graph in the making.

    ``symbols`` says where the graph's sizes come from: for a symbol's name, the input, its axis, and what the symbol is
    multiplied by there. ``out`` holds the types of the results of the op that is being written.
    """

    def __init__(self, symbols: Mapping[str, tuple[str, int, int]] | None = None) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self.out: tuple[TensorType, ...] = ()
        self._symbols = symbols or {}
        self._known: dict[Any, str] = {}
        self._count = 0

    def __call__(self, kind: str, *inputs: Operand, **attributes: Any) -> str:
        """The result of one operator; attributes that are ``None`` are left out."""
        return self.several(kind, 1, *inputs, **attributes)[0]

    def several(self, kind: str, count: int, *inputs: Operand, **attributes: Any) -> tuple[str, ...]:
        """The ``count`` results of one operator."""
        names = tuple(self._fresh() for _ in range(count))
        given = ["" if i is None else i.name if isinstance(i, Value) else i for i in inputs]
        while given and not given[-1]:
            given.pop()
        kept = {name: value for name, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(kind, given, names, **kept))
        return names

    def const(self, array: np.ndarray) -> str:
        """A constant; equal ones are one."""
        array = np.ascontiguousarray(array).reshape(array.shape)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            name = self._known[key] = self._fresh()
            self.constants[name] = numpy_helper.from_array(array, name)
        return self._known[key]

    def number(self, value: Scalar, dtype: DType) -> str:
        """A number, or a size, as a tensor of rank 0."""
        if isinstance(value, Expr):
            return self.cast(self("Squeeze", self.size(value), self.ints([0])), dtype)
        element_type(dtype)
        return self.const(as_arrays(value, dtype=dtype)[0])

    def known(self, size: Size) -> int:
        """A size as a number; raises :class:`NeedsSizes` where it is not known."""
        if isinstance(size, Expr):
            raise NeedsSizes(str(size))
        return int(size)

    def ints(self, sizes: Sequence[Size]) -> str:
        """Sizes as a vector in int64."""
        if all(not isinstance(size, Expr) for size in sizes):
            return self.const(np.array([int(s) for s in sizes], np.int64))  # type: ignore[arg-type]
        return self("Concat", *[self.size(size) for size in sizes], axis=0)

    def size(self, size: Size) -> str:
        """A size as a vector of one element in int64, computed from the shapes of the inputs where it is symbolic."""
        if not isinstance(size, Expr):
            return self.const(np.array([size], np.int64))
        if size not in self._known:
            terms = []
            for monomial, coefficient in size.terms.items():
                factors = [self._atom(atom) for atom in monomial]
                if coefficient != 1 or not factors:
                    factors.append(self.size(coefficient))
                terms.append(self.chain("Mul", factors))
            self._known[size] = self.chain("Add", terms)
        return self._known[size]

    def _atom(self, atom: Atom) -> str:
        if atom in self._known:
            return self._known[atom]
        if atom.op:
            a, b = (self.size(argument) for argument in atom.arguments)
            # Mod has the sign of the divisor, so that what is left divides evenly: rounded towards minus infinity.
            found = (
                self("Div", self("Sub", a, self("Mod", a, b)), b)
                if atom.op == "//"
                else self({"min": "Min", "max": "Max"}[atom.op], a, b)
            )
        else:
            source, axis, factor = self._symbols[atom.name]
            found = self("Shape", source, start=axis, end=axis + 1)
            if factor != 1:
                found = self("Div", found, self.size(factor))
        self._known[atom] = found
        return found

    def chain(self, kind: str, names: Sequence[str]) -> str:
        """An operator of two operands, over one or more."""
        result = names[0]
        for name in names[1:]:
            result = self(kind, result, name)
        return result

    def cast(self, value: Value | str, dtype: DType) -> str:
        """``value`` in another element type."""
        if isinstance(value, Value) and value.dtype is dtype:
            return value.name
        return self("Cast", value, to=element_type(dtype))

    def operands(self, *operands: Value | Scalar, dtype: DType | None = None) -> list[str]:
        """Tensors and numbers in ``dtype``, or in the type that they promote to."""
        dtype = dtype or result_type([o.type if isinstance(o, Value) else o for o in operands])
        return [self.cast(o, dtype) if isinstance(o, Value) else self.number(o, dtype) for o in operands]

    def reshape(self, value: Operand, shape: Shape) -> str:
        """``value`` in another shape; one unknown size is left to the runtime to work out."""
        unknown = [i for i, size in enumerate(shape) if isinstance(size, Expr)]
        if len(unknown) == 1 and all(isinstance(s, Expr) or s > 0 for s in shape):
            shape = tuple(-1 if i == unknown[0] else s for i, s in enumerate(shape))
        return self("Reshape", value, self.ints(shape), allowzero=1 if 0 in shape else None)

    def transpose(self, value: Operand, perm: Sequence[int]) -> str:
        """``value`` with its dimensions in another order; dimension ``i`` of the result is ``perm[i]``."""
        if list(perm) == list(range(len(perm))):
            return value.name if isinstance(value, Value) else str(value)
        return self("Transpose", value, perm=list(perm))

    def slice(self, value: Operand, axis: int, start: Size, end: Size, step: int = 1) -> str:
        """``value[start:end:step]`` along ``axis``."""
        return self("Slice", value, self.ints([start]), self.ints([end]), self.ints([axis]), self.ints([step]))

    def where(self, condition: Operand, a: Operand, b: Operand) -> str:
        """``a`` where ``condition`` holds, else ``b``."""
        return self("Where", condition, a, b)

    def reduce(self, kind: str, value: Operand, axes: Sequence[int], *, keepdim: bool = True) -> str:
        """A reduction over ``axes``; over none it leaves ``value`` as it is."""
        if not axes:
            return value.name if isinstance(value, Value) else str(value)
        return self(kind, value, self.ints(list(axes)), keepdims=int(keepdim))

    def as_vector(self, value: Value) -> Value:
        """``value``, of rank 0 as a vector of one element."""
        if value.rank:
            return value
        return Value(self.reshape(value, (1,)), TensorType(value.dtype, (1,)))

    def range(self, count: Size, step: int = 1) -> str:
        """``0, step, 2 * step ...``, ``count`` numbers in int64."""
        if not isinstance(count, Expr):
            return self.const(np.arange(count, dtype=np.int64) * step)
        ends = [self.number(v, DType.INT64) for v in (0, count * step, step)]
        return self("Range", *ends)

    def _fresh(self) -> str:
        self._count += 1
        return f"_{self._count}"
