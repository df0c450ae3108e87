"""Type promotion as torch has it (https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion).

Three categories: bool < integer < floating. Operands with dimensions decide among themselves; a tensor of rank 0, and after it
a Python number, only matter where their category is higher. The default floating type is float32, the default integer int64.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from mcore.platform.dims import Expr
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.rules import broadcast

Scalar = int | float | bool | Expr

_FLOATS = (DType.BFLOAT16, DType.FLOAT16, DType.FLOAT32, DType.FLOAT64)
_INTEGERS = (DType.INT8, DType.INT16, DType.INT32, DType.INT64)


def type_of(array: np.ndarray | np.generic) -> TensorType:
    """Element type and shape of an array; raises ``ValueError`` for an element type that the Platform does not have."""
    return TensorType(DType.of(np.asarray(array)), array.shape)


def category(dtype: DType) -> int:
    """0 for bool, 1 for integers, 2 for floating point."""
    return 2 if dtype.is_floating else int(dtype is not DType.BOOL)


def promote(a: DType, b: DType) -> DType:
    """The smallest type that torch computes ``a`` and ``b`` in."""
    if a is b:
        return a
    if category(a) != category(b):
        return max(a, b, key=category)
    if a.is_floating:
        if {a, b} == {DType.BFLOAT16, DType.FLOAT16}:
            return DType.FLOAT32  # neither holds the other
        return max(a, b, key=_FLOATS.index)
    if DType.UINT8 in (a, b):
        other = b if a is DType.UINT8 else a
        return max(other, DType.INT16, key=_INTEGERS.index)
    return max(a, b, key=_INTEGERS.index)


def of_number(value: Scalar) -> DType:
    """The type of a tensor made from a Python number."""
    if isinstance(value, bool):
        return DType.BOOL
    return DType.FLOAT32 if isinstance(value, float) else DType.INT64


def result_type(operands: Sequence[TensorType | Scalar]) -> DType:
    """The type that an elementwise op computes these operands in."""
    groups: tuple[list[DType], list[DType], list[DType]] = ([], [], [])  # with dimensions, rank 0, numbers
    for operand in operands:
        if isinstance(operand, TensorType):
            groups[0 if operand.shape else 1].append(operand.dtype)
        else:
            groups[2].append(of_number(operand))
    result: DType | None = None
    for group in filter(None, groups):
        common = reduce(promote, group)
        if result is None or category(common) > category(result):
            result = common
    if result is None:
        raise ShapeError("there is no operand")
    return result


def floating(dtype: DType) -> DType:
    """The type of a result that is never an integer: ``dtype`` if it is floating, else float32."""
    return dtype if dtype.is_floating else DType.FLOAT32


def either(value: TensorType | None, number: Scalar | None, name: str = "other") -> TensorType | Scalar:
    """The operand that was given as an input or as an attribute; raises unless it is exactly one of them."""
    if (value is None) == (number is None):
        raise ShapeError(f"{name} must be a tensor or a number, {'neither' if value is None else 'both'} given")
    return value if value is not None else number  # type: ignore[return-value]


def broadcast_type(operands: Sequence[TensorType | Scalar], dtype: DType | None = None) -> TensorType:
    """Common shape of the operands, in ``dtype`` or the type they promote to."""
    shapes = [o.shape for o in operands if isinstance(o, TensorType)]
    return TensorType(dtype or result_type(operands), broadcast(*shapes))


def as_arrays(*operands: np.ndarray | np.generic | Scalar, dtype: DType | None = None) -> list[np.ndarray]:
    """The operands as arrays of ``dtype`` or of the type that they promote to; numbers wrap around as torch's do."""
    if dtype is None:
        dtype = result_type([type_of(o) if isinstance(o, np.ndarray | np.generic) else o for o in operands])
    return [np.asarray(o).astype(dtype.numpy, copy=False) for o in operands]
