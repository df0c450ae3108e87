"""Activations as ufunc calls on flat memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from mcore.platform.runtime.flat import repeated, with_vector
from mcore.platform.runtime.step import Step, clip

#: ``(source, out, scratch)``, flat arrays; ``source`` and ``out`` have one size and may be the same array, ``scratch`` has
#: :data:`TEMPORARIES` times as many elements.
Passes = Callable[[np.ndarray, np.ndarray, np.ndarray], Iterator[Step]]

#: How many temporaries of the size of its operand a function may use.
TEMPORARIES = 2

_ZEROS = repeated(np.zeros(1, np.float32))
_ONE, _THREE, _SIX, _SIXTH = (np.float32(v) for v in (1, 3, 6, 1 / 6))

#: The normal distribution function is ``sigmoid(x * q(x²))``. Coefficients of the polynomial q, lowest first, by a fit of
#: log(Φ(x) / Φ(-x)) / x at Chebyshev nodes of 0..5.6: least squares, weighted by the derivative of ``x * Φ(x)`` and, again and
#: again, by the error left (Lawson). The error of ``x * Φ(x)`` is below 3e-8 times max(1, |x|), in float32 below 2e-7. As the
#: last coefficient is positive, so is q beyond the nodes, and nothing has to be clipped there.
NORMAL = (
    1.5957705974578857, 0.07266412675380707, -6.348293391056359e-05, -0.00011120791168650612,
    8.025203896977473e-06, -2.7146103320774273e-07, 3.6933289759844e-09,
)  # fmt: skip

#: The same of GELU's approximation by tanh: ``(1 + tanh(u)) / 2`` is ``sigmoid(2 * u)``.
TANH = (2 * math.sqrt(2 / math.pi), 2 * math.sqrt(2 / math.pi) * 0.044715)


def _relu(source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
    return with_vector(np.maximum, source, _ZEROS, out)


def _limit(low: float, high: float) -> Passes:
    limits = np.float32(low), np.float32(high)

    def passes(source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
        yield Step(clip, (source, *limits), out)

    return passes


def _leaky(attributes: Mapping[str, Any]) -> Passes | None:
    slope = attributes["negative_slope"]
    if not 0 < slope <= 1:  # the larger of x and slope * x
        return None

    def passes(source: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
        scratch = scratch[: source.size]
        yield Step(np.multiply, (source, np.float32(slope)), scratch)
        yield Step(np.maximum, (source, scratch), out)

    return passes


def _sigmoid(source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
    yield Step(np.negative, (source,), out)
    yield Step(np.exp, (out,), out)
    yield Step(np.add, (out, _ONE), out)
    yield Step(np.reciprocal, (out,), out)


def _silu(source: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
    scratch = scratch[: source.size]
    yield Step(np.negative, (source,), scratch)
    yield Step(np.exp, (scratch,), scratch)
    yield Step(np.add, (scratch, _ONE), scratch)
    yield Step(np.divide, (source, scratch), out)


def _hardsigmoid(source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
    yield Step(np.add, (source, _THREE), out)
    yield Step(clip, (out, np.float32(0), _SIX), out)
    yield Step(np.multiply, (out, _SIXTH), out)


def _hardswish(source: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
    scratch = scratch[: source.size]
    yield Step(np.add, (source, _THREE), scratch)
    yield Step(clip, (scratch, np.float32(0), _SIX), scratch)
    yield Step(np.multiply, (source, scratch), out)
    yield Step(np.multiply, (out, _SIXTH), out)


def _gelu(attributes: Mapping[str, Any]) -> Passes:
    """``x / (1 + exp(-x * q(x²)))``: no cancellation where x is negative."""
    coefficients = [np.float32(-c) for c in (TANH if attributes["approximate"] == "tanh" else NORMAL)]

    def passes(source: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
        square, value = scratch[: 2 * source.size].reshape(2, -1)
        yield Step(np.square, (source,), square)
        yield Step(np.multiply, (square, coefficients[-1]), value)
        for coefficient in coefficients[-2:0:-1]:
            yield Step(np.add, (value, coefficient), value)
            yield Step(np.multiply, (value, square), value)
        yield Step(np.add, (value, coefficients[0]), value)
        yield Step(np.multiply, (value, source), value)
        yield Step(np.exp, (value,), value)
        yield Step(np.add, (value, _ONE), value)
        yield Step(np.divide, (source, value), out)

    return passes


def _mish(source: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
    """``x * (1 - 2 / (w * (w + 2) + 2))`` for ``w = exp(x)``; infinite w give x."""
    value, other = scratch[: 2 * source.size].reshape(2, -1)
    yield Step(np.exp, (source,), value)
    yield Step(np.add, (value, np.float32(2)), other)
    yield Step(np.multiply, (value, other), value)  # w² + 2 w
    yield Step(np.add, (value, np.float32(2)), other)
    yield Step(clip, (value, np.float32(0), np.float32(1e30)), value)
    yield Step(clip, (other, np.float32(0), np.float32(1e30)), other)
    yield Step(np.divide, (value, other), value)
    yield Step(np.multiply, (source, value), out)


def _softplus(attributes: Mapping[str, Any]) -> Passes | None:
    """``max(x, 0) + log1p(exp(-|x|))``, which beyond the threshold differs from x by less than float32 shows."""
    if attributes["beta"] != 1 or attributes["threshold"] < 17:
        return None

    def passes(source: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
        value = scratch[: source.size]
        yield Step(np.absolute, (source,), value)
        yield Step(np.negative, (value,), value)
        yield Step(np.exp, (value,), value)
        yield Step(np.log1p, (value,), value)
        yield from _relu(source, out, scratch)
        yield Step(np.add, (out, value), out)

    return passes


def _elu(attributes: Mapping[str, Any]) -> Passes:
    """``max(x, 0) + alpha * expm1(min(x, 0))``."""
    alpha = np.float32(attributes["alpha"])

    def passes(source: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
        value = scratch[: source.size]
        yield from with_vector(np.minimum, source, _ZEROS, value)
        yield Step(np.expm1, (value,), value)
        yield Step(np.multiply, (value, alpha), value)
        yield from _relu(source, out, scratch)
        yield Step(np.add, (out, value), out)

    return passes


def _clamp(attributes: Mapping[str, Any]) -> Passes | None:
    low, high = attributes["min"], attributes["max"]
    if low is not None and high is not None and low > high:
        return None
    return _limit(-math.inf if low is None else low, math.inf if high is None else high)


def _plain(passes: Passes) -> Callable[[Mapping[str, Any]], Passes]:
    return lambda attributes: passes


#: By op, a function of its attributes: the passes, or ``None`` where they are for the plain kernel.
ACTIVATIONS: dict[str, Callable[[Mapping[str, Any]], Passes | None]] = {
    "relu": _plain(_relu),
    "relu6": _plain(_limit(0, 6)),
    "hardtanh": lambda attributes: _limit(attributes["min_val"], attributes["max_val"]),
    "clamp": _clamp,
    "leaky_relu": _leaky,
    "elu": _elu,
    "gelu": _gelu,
    "sigmoid": _plain(_sigmoid),
    "silu": _plain(_silu),
    "mish": _plain(_mish),
    "softplus": _softplus,
    "hardsigmoid": _plain(_hardsigmoid),
    "hardswish": _plain(_hardswish),
}
