"""Functions of one float32 value as ufunc calls on flat memory: activations, and arithmetic with a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.flat import repeated, with_vector
from mcore.platform.runtime.step import Step, clip

#: ``(source, out, scratch)``, flat arrays of one size; ``source`` and ``out`` may be the same array.
Passes = Callable[[np.ndarray, np.ndarray, np.ndarray], Iterator[Step]]

_ZEROS = repeated(np.zeros(1, np.float32))
_ONE, _THREE, _SIX, _SIXTH = (np.float32(v) for v in (1, 3, 6, 1 / 6))


@dataclass(frozen=True, slots=True)
class Pointwise:
    """A function of each element; ``passes`` makes its steps."""

    passes: Passes


def pointwise(node: BoundNode) -> Pointwise | None:
    """The function that ``node`` computes of its first input, or ``None`` if it has no planned form."""
    make = _MAKERS.get(node.op)
    if make is None or node.kernel is not None or len(node.operands) != 1:
        return None
    passes = make(node.attributes)
    return None if passes is None else Pointwise(passes)


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
        yield Step(np.multiply, (source, np.float32(slope)), scratch)
        yield Step(np.maximum, (source, scratch), out)

    return passes


def _sigmoid(source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
    yield Step(np.negative, (source,), out)
    yield Step(np.exp, (out,), out)
    yield Step(np.add, (out, _ONE), out)
    yield Step(np.reciprocal, (out,), out)


def _silu(source: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
    yield Step(np.negative, (source,), scratch)
    yield Step(np.exp, (scratch,), scratch)
    yield Step(np.add, (scratch, _ONE), scratch)
    yield Step(np.divide, (source, scratch), out)


def _hardsigmoid(source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
    yield Step(np.add, (source, _THREE), out)
    yield Step(clip, (out, np.float32(0), _SIX), out)
    yield Step(np.multiply, (out, _SIXTH), out)


def _hardswish(source: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> Iterator[Step]:
    yield Step(np.add, (source, _THREE), scratch)
    yield Step(clip, (scratch, np.float32(0), _SIX), scratch)
    yield Step(np.multiply, (source, scratch), out)
    yield Step(np.multiply, (out, _SIXTH), out)


def _unary(ufunc: np.ufunc, source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
    yield Step(ufunc, (source,), out)


def _with_number(ufunc: np.ufunc, attributes: Mapping[str, Any], *, number_first: bool = False) -> Passes | None:
    number = attributes["other"]
    if number is None:
        return None
    value = np.float32(number)

    def passes(source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
        yield Step(ufunc, (value, source) if number_first else (source, value), out)

    return passes


def _plain(passes: Passes) -> Callable[[Mapping[str, Any]], Passes]:
    return lambda attributes: passes


_MAKERS: dict[str, Callable[[Mapping[str, Any]], Passes | None]] = {
    "relu": _plain(_relu),
    "relu6": _plain(_limit(0, 6)),
    "hardtanh": lambda attributes: _limit(attributes["min_val"], attributes["max_val"]),
    "leaky_relu": _leaky,
    "sigmoid": _plain(_sigmoid),
    "silu": _plain(_silu),
    "hardsigmoid": _plain(_hardsigmoid),
    "hardswish": _plain(_hardswish),
    "tanh": _plain(partial(_unary, np.tanh)),
    "exp": _plain(partial(_unary, np.exp)),
    "sqrt": _plain(partial(_unary, np.sqrt)),
    "abs": _plain(partial(_unary, np.absolute)),
    "neg": _plain(partial(_unary, np.negative)),
    "add": partial(_with_number, np.add),
    "sub": partial(_with_number, np.subtract),
    "mul": partial(_with_number, np.multiply),
    "div": lambda attributes: None if attributes.get("rounding_mode") else _with_number(np.divide, attributes),
    "rsub": partial(_with_number, np.subtract, number_first=True),
    "rdiv": partial(_with_number, np.divide, number_first=True),
}
