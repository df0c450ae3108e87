"""Matrix products."""

from __future__ import annotations

from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, plain, writes

writes("matmul")(plain("MatMul"))


@writes("linear")
def _linear(e: Emitter, x: Value, weight: Value, bias: Value | None = None) -> str:
    if x.rank == 2 and x.dtype.is_floating:
        return e("Gemm", x, weight, bias, transB=1)
    product = e("MatMul", x, e("Transpose", weight, perm=[1, 0]))
    return product if bias is None else e("Add", product, bias)
