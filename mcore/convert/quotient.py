"""Quotients of sizes: ``height / 16``, from which ``math.ceil`` and ``math.floor`` make a size again.

Padding "as TensorFlow does" and windows that must cover a map are written so. While it is only rounded up or down, compared, or
multiplied by integers, a quotient stays exact, over integers. For anything else it becomes a plain number, which is logged as a
leak: that number would be baked into the graph. It is no ``float``, since C code would read that without a word; code that
insists on one raises :class:`TypeError`, which :func:`insisted` tells from the model's own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from torch import Tensor


class Quotient:
    """``over / under``: a size (a :class:`~mcore.convert.symbolic.Sym`) and a positive integer."""

    __slots__ = ("over", "under")

    def __init__(self, over: Any, under: int) -> None:
        self.over, self.under = over, under

    def __ceil__(self) -> Any:
        return -(-self.over // self.under)

    def __floor__(self) -> Any:
        return self.over // self.under

    def __trunc__(self) -> Any:
        return self.__floor__() if self.over >= 0 else self.__ceil__()

    def __neg__(self) -> Quotient:
        return Quotient(-self.over, self.under)

    def __pos__(self) -> Quotient:
        return self

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, int):
            return Quotient(self.over * other, self.under)
        return self._leaking(operator.mul, other)

    def __rmul__(self, other: Any) -> Any:
        return self * other if isinstance(other, int) else self._leaking(_swapped(operator.mul), other)

    def __float__(self) -> float:
        self.over.log.leak("/")
        return int.__int__(self.over) / self.under

    def __int__(self) -> int:
        return int(float(self))

    def __bool__(self) -> bool:
        return bool(self.over)

    def __hash__(self) -> int:
        return hash(float(self))

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(float(self), ndigits)

    def __abs__(self) -> Any:
        return abs(float(self))

    def __repr__(self) -> str:
        return repr(float(self))

    def __format__(self, specification: str) -> str:
        return format(float(self), specification)

    def __deepcopy__(self, memo: Any) -> Quotient:
        return self

    def _leaking(self, function: Callable[[Any, Any], Any], other: Any) -> Any:
        if isinstance(other, Quotient):
            other = float(other)
        return function(float(self), other) if isinstance(other, int | float | Tensor) else NotImplemented

    def _compared(self, relation: Callable[[Any, Any], Any], other: Any) -> Any:
        if isinstance(other, float) and other.is_integer():
            other = int(other)
        if isinstance(other, int):
            return relation(self.over, other * self.under)
        if isinstance(other, Quotient):
            return relation(self.over * other.under, other.over * self.under)
        return self._leaking(relation, other)


def insisted(error: Exception) -> bool:
    """Whether ``error`` was raised for being given a quotient in place of a number."""
    return isinstance(error, TypeError) and Quotient.__name__ in str(error)


def _swapped(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda first, second: function(second, first)


def _compares(name: str) -> None:
    relation = getattr(operator, name)
    setattr(Quotient, f"__{name}__", lambda self, other: self._compared(relation, other))


def _leaks(name: str) -> None:
    function = getattr(operator, name)
    setattr(Quotient, f"__{name}__", lambda self, other: self._leaking(function, other))
    setattr(Quotient, f"__r{name}__", lambda self, other: self._leaking(_swapped(function), other))


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    _compares(_name)
for _name in ("add", "sub", "truediv", "floordiv", "mod", "pow"):
    _leaks(_name)
