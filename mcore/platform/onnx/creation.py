"""Tensors from numbers."""

from __future__ import annotations

from mcore.platform.dims import Expr
from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter, element_type
from mcore.platform.onnx.table import NoForm, writes
from mcore.platform.ops.creation import arange
from mcore.platform.ops.promotion import Scalar
from mcore.platform.ops.rules import Shape


@writes("full")
def _full(e: Emitter, *, size: Shape, fill_value: Scalar, dtype: DType | None) -> str:
    return e("Expand", e.number(fill_value, e.out[0].dtype), e.ints(size))


@writes("arange")
def _arange(e: Emitter, *, start: Scalar, end: Scalar, step: Scalar, dtype: DType | None) -> str:
    kind = e.out[0].dtype
    element_type(kind)
    if not any(isinstance(v, Expr) for v in (start, end, step)):
        return e("Identity", e.const(arange(start=start, end=end, step=step, dtype=dtype)))
    if any(isinstance(v, float) for v in (start, end, step)):
        raise NoForm("a range over sizes takes no fractions")
    ends = [e.number(v, DType.INT64) for v in (start, end, step)]
    return e.cast(e("Range", *ends), kind)
