"""Functions of one float32 value as ufunc calls on flat memory: activations, and arithmetic with a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mcore.platform.runtime.activations import ACTIVATIONS, TEMPORARIES, Passes
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.step import Step


@dataclass(frozen=True, slots=True)
class Pointwise:
    """A function of each element; ``passes`` makes its steps, which want ``temporaries`` times the size of a piece."""

    op: str
    passes: Passes

    temporaries = TEMPORARIES


def pointwise(node: BoundNode) -> Pointwise | None:
    """The function that ``node`` computes of its first input, or ``None`` if it has no planned form."""
    make = _MAKERS.get(node.op)
    if make is None or node.kernel is not None or len(node.operands) != 1:
        return None
    passes = make(node.attributes)
    return None if passes is None else Pointwise(node.op, passes)


def _unary(*ufuncs: np.ufunc) -> Callable[[Mapping[str, Any]], Passes]:
    """The ufuncs one after the other."""

    def passes(source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
        for ufunc in ufuncs:
            yield Step(ufunc, (source,), out)
            source = out

    return lambda attributes: passes


def _with_number(ufunc: np.ufunc, attributes: Mapping[str, Any], *, number_first: bool = False) -> Passes | None:
    number = attributes["other"]
    if number is None:
        return None
    value = np.float32(number)

    def passes(source: np.ndarray, out: np.ndarray, _: np.ndarray) -> Iterator[Step]:
        yield Step(ufunc, (value, source) if number_first else (source, value), out)

    return passes


def _power(attributes: Mapping[str, Any]) -> Passes | None:
    """Whole small powers by products; all others have the plain kernel."""
    ufuncs = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal}
    return _unary(ufuncs[attributes["other"]])(attributes) if attributes["other"] in ufuncs else None


_MAKERS: dict[str, Callable[[Mapping[str, Any]], Passes | None]] = {
    **ACTIVATIONS,
    "tanh": _unary(np.tanh),
    "exp": _unary(np.exp),
    "log": _unary(np.log),
    "sin": _unary(np.sin),
    "cos": _unary(np.cos),
    "sqrt": _unary(np.sqrt),
    "rsqrt": _unary(np.sqrt, np.reciprocal),
    "abs": _unary(np.absolute),
    "neg": _unary(np.negative),
    "floor": _unary(np.floor),
    "ceil": _unary(np.ceil),
    "round": _unary(np.rint),
    "add": partial(_with_number, np.add),
    "sub": partial(_with_number, np.subtract),
    "mul": partial(_with_number, np.multiply),
    "div": lambda attributes: None if attributes.get("rounding_mode") else _with_number(np.divide, attributes),
    "rsub": partial(_with_number, np.subtract, number_first=True),
    "rdiv": partial(_with_number, np.divide, number_first=True),
    "pow": _power,
}
