"""Activations."""

from __future__ import annotations

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter, element_type
from mcore.platform.onnx.table import NoForm, Value, plain, writes
from mcore.platform.ops.activation import SELU_ALPHA, SELU_SCALE
from mcore.platform.ops.promotion import floating

writes("silu")(lambda e, x: e("Mul", x, e("Sigmoid", x)))
writes("mish")(plain("Mish"))
writes("hardsigmoid")(plain("HardSigmoid", alpha=1 / 6, beta=0.5))
writes("hardswish")(plain("HardSwish"))
writes("selu")(plain("Selu", alpha=SELU_ALPHA, gamma=SELU_SCALE))
writes("sigmoid")(lambda e, x: e("Sigmoid", e.cast(x, floating(x.dtype))))
writes("tanh")(lambda e, x: e("Tanh", e.cast(x, floating(x.dtype))))
writes("leaky_relu")(lambda e, x, *, negative_slope: e("LeakyRelu", x, alpha=negative_slope))
writes("elu")(lambda e, x, *, alpha: e("Elu", x, alpha=alpha))
writes("hardshrink")(lambda e, x, *, lambd: _shrink(e, x, lambd, 0.0))
writes("softshrink")(lambda e, x, *, lambd: _shrink(e, x, lambd, lambd))
writes("gelu")(lambda e, x, *, approximate: e("Gelu", x, approximate=approximate))


@writes("celu")
def _celu(e: Emitter, x: Value, *, alpha: float) -> str:
    if x.dtype is DType.FLOAT64:
        raise NoForm("ONNX has celu in float32 alone")
    result = e("Celu", e.cast(x, DType.FLOAT32), alpha=alpha)
    return result if x.dtype is DType.FLOAT32 else e("Cast", result, to=element_type(x.dtype))


def _shrink(e: Emitter, x: Value, lambd: float, bias: float) -> str:
    return e("Shrink", x, lambd=lambd, bias=bias)


@writes("relu")
def _relu(e: Emitter, x: Value) -> str:
    return e("Relu", x) if x.dtype.is_floating else e("Max", x, e.number(0, x.dtype))


@writes("relu6")
def _relu6(e: Emitter, x: Value) -> str:
    return e("Clip", x, e.number(0, x.dtype), e.number(6, x.dtype))


@writes("hardtanh")
def _hardtanh(e: Emitter, x: Value, *, min_val: float, max_val: float) -> str:
    return e("Clip", x, e.number(min_val, x.dtype), e.number(max_val, x.dtype))


@writes("prelu")
def _prelu(e: Emitter, x: Value, weight: Value) -> str:
    slope = e.reshape(weight, (*weight.shape, *[1] * (x.rank - 2)) if weight.rank and x.rank > 1 else (1,) * x.rank)
    return e("PRelu", x, slope)


@writes("threshold")
def _threshold(e: Emitter, x: Value, *, threshold: float, value: float) -> str:
    return e.where(e("LessOrEqual", x, e.number(threshold, x.dtype)), e.number(value, x.dtype), x)


@writes("softplus")
def _softplus(e: Emitter, x: Value, *, beta: float, threshold: float) -> str:
    scale = e.number(beta, x.dtype)
    scaled = x.name if beta == 1 else e("Mul", x, scale)
    soft = e("Softplus", scaled)
    if beta != 1:
        soft = e("Div", soft, scale)
    return e.where(e("Greater", scaled, e.number(threshold, x.dtype)), x, soft)


@writes("softmax")
def _softmax(e: Emitter, x: Value, *, dim: int) -> str:
    return _along(e, "Softmax", x, dim)


@writes("log_softmax")
def _log_softmax(e: Emitter, x: Value, *, dim: int) -> str:
    return _along(e, "LogSoftmax", x, dim)


def _along(e: Emitter, kind: str, x: Value, dim: int) -> str:
    result = e(kind, e.as_vector(x), axis=dim)
    return result if x.rank else e.reshape(result, ())
