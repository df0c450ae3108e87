"""Activations: functions of one value, and softmax along a dimension.

Each is computed in the element type of ``x``, but float16, which is computed in float32 and rounded once, as torch does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.promotion import floating
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import check_equal, check_floating, check_rank, dimension
from mcore.platform.ops.special import erf


def _infer_number(x: TensorType) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is of numbers."""
    if x.dtype is DType.BOOL:
        raise ShapeError("x must be a number type, it is bool")
    return (x,)


def _infer_floating(x: TensorType, **_: float | str) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is floating."""
    check_floating("x", x)
    return (x,)


def _infer_promoted(x: TensorType) -> tuple[TensorType, ...]:
    """The shape of ``x``; floating, float32 for integers and bool."""
    return (TensorType(floating(x.dtype), x.shape),)


def _wide(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """``function`` of ``x`` in float32 or float64, rounded to the type of ``x`` (float32 for one that is not floating)."""
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(np.float32)
    return np.asarray(function(x.astype(np.promote_types(x.dtype, np.float32), copy=False))).astype(x.dtype, copy=False)


def _logistic(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), by the exponential that cannot overflow."""
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


@op("relu", inputs=("x",), infer=_infer_number)
def relu(x: np.ndarray) -> np.ndarray:
    """The larger of ``x`` and 0; NaN stays NaN."""
    return np.maximum(x, x.dtype.type(0))


@op("relu6", inputs=("x",), infer=_infer_number)
def relu6(x: np.ndarray) -> np.ndarray:
    """``x`` limited to 0..6."""
    return np.clip(x, x.dtype.type(0), x.dtype.type(6))


@op(
    "leaky_relu",
    inputs=("x",),
    infer=_infer_floating,
    attributes=(Attribute("negative_slope", "float", 0.01),),
)
def leaky_relu(x: np.ndarray, *, negative_slope: float) -> np.ndarray:
    """``x``, times ``negative_slope`` where it is negative."""
    return _wide(lambda v: np.where(v > 0, v, v * v.dtype.type(negative_slope)), x)


def _infer_prelu(x: TensorType, weight: TensorType) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is floating."""
    check_floating("x", x)
    check_rank("weight", weight, 0, 1)
    if weight.dtype is not x.dtype:
        raise ShapeError(f"weight is {weight.dtype}, x is {x.dtype}")
    if weight.shape and weight.shape[0] != 1:
        check_equal("the size of weight", weight.shape[0], x.shape[1] if len(x.shape) > 1 else 1)
    return (x,)


@op("prelu", inputs=("x", "weight"), infer=_infer_prelu)
def prelu(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """``x``, times a weight (one, or one for each channel) where it is negative (He et al., 2015)."""
    slope = weight.reshape(-1, *[1] * (x.ndim - 2)) if x.ndim > 1 else weight.reshape(())
    return np.where(x > 0, x, x * slope)


@op("elu", inputs=("x",), infer=_infer_floating, attributes=(Attribute("alpha", "float", 1.0),))
def elu(x: np.ndarray, *, alpha: float) -> np.ndarray:
    """``x``, or ``alpha * (exp(x) - 1)`` where it is negative (Clevert et al., 2015)."""
    return _wide(lambda v: np.where(v > 0, v, v.dtype.type(alpha) * np.expm1(np.minimum(v, 0))), x)


def _infer_celu(x: TensorType, *, alpha: float) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is floating."""
    if alpha == 0:
        raise ShapeError("alpha must not be zero")
    return _infer_floating(x)


@op("celu", inputs=("x",), infer=_infer_celu, attributes=(Attribute("alpha", "float", 1.0),))
def celu(x: np.ndarray, *, alpha: float) -> np.ndarray:
    """``x``, or ``alpha * (exp(x / alpha) - 1)`` where it is negative (Barron, 2017)."""
    return _wide(lambda v: np.where(v > 0, v, v.dtype.type(alpha) * np.expm1(v / v.dtype.type(alpha))), x)


#: Constants of :func:`selu`: with them zero mean and unit variance stay so from layer to layer.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@op("selu", inputs=("x",), infer=_infer_floating)
def selu(x: np.ndarray) -> np.ndarray:
    """``SELU_SCALE`` times ``elu`` with ``alpha=SELU_ALPHA`` (Klambauer et al., 2017)."""
    slope = SELU_SCALE * SELU_ALPHA
    return _wide(lambda v: np.where(v > 0, v * v.dtype.type(SELU_SCALE), v.dtype.type(slope) * np.expm1(v)), x)


_LAMBD = Attribute("lambd", "float", 0.5)


@op("hardshrink", inputs=("x",), infer=_infer_floating, attributes=(_LAMBD,))
def hardshrink(x: np.ndarray, *, lambd: float) -> np.ndarray:
    """``x``, or zero from ``-lambd`` to ``lambd``."""
    limit = x.dtype.type(lambd)
    return np.where((x >= -limit) & (x <= limit), x.dtype.type(0), x)


def _infer_softshrink(x: TensorType, *, lambd: float) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is floating."""
    if not lambd >= 0:
        raise ShapeError(f"lambd must not be negative, it is {lambd}")
    return _infer_floating(x)


@op("softshrink", inputs=("x",), infer=_infer_softshrink, attributes=(_LAMBD,))
def softshrink(x: np.ndarray, *, lambd: float) -> np.ndarray:
    """``x`` moved by ``lambd`` towards zero, and zero where it is not farther from it than that."""
    limit = x.dtype.type(lambd)
    return _wide(lambda v: np.where(np.abs(v) > limit, v - np.copysign(v.dtype.type(limit), v), v * 0), x)


def _infer_threshold(x: TensorType, **_: float) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is of numbers."""
    return _infer_number(x)


@op(
    "threshold",
    inputs=("x",),
    infer=_infer_threshold,
    attributes=(Attribute("threshold", "float"), Attribute("value", "float")),
)
def threshold(x: np.ndarray, *, threshold: float, value: float) -> np.ndarray:
    """``x`` where it is above ``threshold``, else ``value``; NaN stays NaN."""
    limit, other = np.asarray([threshold, value]).astype(x.dtype)
    return np.where(x <= limit, other, x)


def _infer_gelu(x: TensorType, *, approximate: str) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is floating."""
    if approximate not in ("none", "tanh"):
        raise ShapeError(f"approximate must be 'none' or 'tanh', it is {approximate!r}")
    return _infer_floating(x)


@op("gelu", inputs=("x",), infer=_infer_gelu, attributes=(Attribute("approximate", "str", "none"),))
def gelu(x: np.ndarray, *, approximate: str) -> np.ndarray:
    """``x`` times the normal distribution function of ``x``, or its approximation by tanh (Hendrycks & Gimpel, 2016)."""
    if approximate == "tanh":
        return _wide(
            lambda v: 0.5 * v * (1 + np.tanh(np.sqrt(2 / np.pi) * (v + 0.044715 * v**3))), x.astype(np.float64)
        ).astype(x.dtype)
    return (0.5 * x * (1 + erf(x.astype(np.float64) / np.sqrt(2)))).astype(x.dtype)


@op("sigmoid", inputs=("x",), infer=_infer_promoted)
def sigmoid(x: np.ndarray) -> np.ndarray:
    """``1 / (1 + exp(-x))``."""
    return _wide(_logistic, x)


@op("tanh", inputs=("x",), infer=_infer_promoted)
def tanh(x: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent."""
    return _wide(np.tanh, x)


@op("silu", inputs=("x",), infer=_infer_floating)
def silu(x: np.ndarray) -> np.ndarray:
    """``x * sigmoid(x)`` (Elfwing et al., 2017)."""
    return _wide(lambda v: v * _logistic(v), x)


@op("mish", inputs=("x",), infer=_infer_floating)
def mish(x: np.ndarray) -> np.ndarray:
    """``x * tanh(softplus(x))`` (Misra, 2019)."""
    return _wide(lambda v: v * np.tanh(np.logaddexp(v, 0)), x)


@op("hardsigmoid", inputs=("x",), infer=_infer_floating)
def hardsigmoid(x: np.ndarray) -> np.ndarray:
    """``(x + 3) / 6`` limited to 0..1."""
    return _wide(lambda v: np.clip(v + 3, 0, 6) / 6, x)


@op("hardswish", inputs=("x",), infer=_infer_floating)
def hardswish(x: np.ndarray) -> np.ndarray:
    """``x * hardsigmoid(x)`` (Howard et al., 2019)."""
    return _wide(lambda v: v * np.clip(v + 3, 0, 6) / 6, x)


def _infer_hardtanh(x: TensorType, *, min_val: float, max_val: float) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is of numbers."""
    if x.dtype is DType.UINT8 and min(min_val, max_val) < 0:
        raise ShapeError("x must be of a signed type for negative limits, it is uint8")
    return _infer_number(x)


@op(
    "hardtanh",
    inputs=("x",),
    infer=_infer_hardtanh,
    attributes=(Attribute("min_val", "float", -1.0), Attribute("max_val", "float", 1.0)),
)
def hardtanh(x: np.ndarray, *, min_val: float, max_val: float) -> np.ndarray:
    """``x`` limited to ``min_val``..``max_val``."""
    return np.clip(x, x.dtype.type(min_val), x.dtype.type(max_val))


@op(
    "softplus",
    inputs=("x",),
    infer=_infer_floating,
    attributes=(Attribute("beta", "float", 1.0), Attribute("threshold", "float", 20.0)),
)
def softplus(x: np.ndarray, *, beta: float, threshold: float) -> np.ndarray:
    """``log(1 + exp(beta * x)) / beta``; ``x`` itself where ``beta * x`` is above ``threshold``."""
    return _wide(lambda v: np.where(v * beta > threshold, v, np.log1p(np.exp(v * beta)) / beta).astype(v.dtype), x)


def _infer_along(x: TensorType, *, dim: int) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, which is floating."""
    check_floating("x", x)
    dimension(dim, len(x.shape))
    return (x,)


def _shifted(x: np.ndarray, dim: int) -> np.ndarray:
    """``x`` less its largest value along ``dim``, so that exponentials cannot overflow."""
    return x - x.max(dim, keepdims=True, initial=-np.inf)


@op("softmax", inputs=("x",), infer=_infer_along, attributes=(Attribute("dim", "int"),))
def softmax(x: np.ndarray, *, dim: int) -> np.ndarray:
    """Exponentials along ``dim``, divided by their sum."""

    def function(v: np.ndarray) -> np.ndarray:
        exponential = np.exp(_shifted(v, dim))
        return np.asarray(exponential / exponential.sum(dim, keepdims=True))

    return _wide(function, np.atleast_1d(x)).reshape(x.shape)


@op("log_softmax", inputs=("x",), infer=_infer_along, attributes=(Attribute("dim", "int"),))
def log_softmax(x: np.ndarray, *, dim: int) -> np.ndarray:
    """Logarithm of :func:`softmax`, without its underflow."""

    def function(v: np.ndarray) -> np.ndarray:
        shifted = _shifted(v, dim)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(dim, keepdims=True)))

    return _wide(function, np.atleast_1d(x)).reshape(x.shape)
