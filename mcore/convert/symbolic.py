"""Sizes that know where they come from: an ``int`` with an expression over the symbols of the graph.

While a model is traced its tensors answer ``shape`` with these numbers. To torch's argument parser they are integers; sums,
products and floor divisions of them carry the expression on. Two things a model can do with a size cannot be carried on:

- it can *compare* it: the answer is a plain ``bool`` for this size, and what was asked is logged as a guard;
- it can make it a plain number (``int()``, ``float()``, ``math.sqrt``): the number would be baked into the graph, so this is
  logged as a leak; ``/`` gives a :class:`~mcore.convert.quotient.Quotient`, which leaks if it is not rounded. A few roads
  Python does not let one watch (``0.5 * size``, ``range(size)``): there the number is another one in the second trace.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Protocol

from mcore.convert.quotient import Quotient
from mcore.platform import dims
from mcore.platform.dims import Expr


class SizeLog(Protocol):
    """Who hears of what a model does with sizes that an expression cannot express."""

    def guard(self, relation: str, left: int | Expr, right: int | Expr) -> None:
        """A relation that held was asked for."""

    def leak(self, what: str) -> None:
        """A size became a plain number, by ``what``."""


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class Sym(int):
    """A size: its value in this trace, and the expression that gives it at every size.

    Made by :func:`size`, which gives a plain ``int`` where the expression is constant: channels never leak.
    """

    expr: Expr
    log: SizeLog

    def __new__(cls, value: int, expr: Expr, log: SizeLog) -> Sym:
        self = int.__new__(cls, value)
        self.expr, self.log = expr, log
        return self

    __hash__ = int.__hash__

    def _arithmetic(
        self, name: str, other: Any, exact: Callable[..., Any], symbolic: Callable[..., Any], swap: bool
    ) -> Any:
        if isinstance(other, float):
            self.log.leak(f"{name} with a float")
            return exact(other, plain(self)) if swap else exact(plain(self), other)
        if not isinstance(other, int):
            return NotImplemented  # a tensor's own reversed operator takes it from here
        a, b = (other, self) if swap else (self, other)
        return size(exact(plain(a), plain(b)), symbolic(expression(a), expression(b)), self.log)

    def _compare(self, relation: str, other: Any) -> Any:
        if isinstance(other, float):
            if not other.is_integer():
                self.log.leak("comparison with a fraction")
                return _HOLDS[relation](plain(self), other)
            other = int(other)
        if not isinstance(other, int):
            return NotImplemented
        held = _HOLDS[relation](plain(self), plain(other))
        if not isinstance(dims.add(self.expr, dims.multiply(expression(other), -1)), int):
            self.log.guard(relation if held else _OPPOSITE[relation], self.expr, expression(other))
        return held

    def __eq__(self, other: object) -> Any:
        return self._compare("==", other)

    def __ne__(self, other: object) -> Any:
        return self._compare("!=", other)

    def __lt__(self, other: object) -> Any:
        return self._compare("<", other)

    def __le__(self, other: object) -> Any:
        return self._compare("<=", other)

    def __gt__(self, other: object) -> Any:
        return self._compare(">", other)

    def __ge__(self, other: object) -> Any:
        return self._compare(">=", other)

    def __bool__(self) -> bool:
        return bool(self._compare("!=", 0))

    def __truediv__(self, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        number = plain(other)
        if isinstance(other, Sym) and number and plain(self) % number == 0:
            ratio = plain(self) // number
            if dims.subtract(self.expr, dims.multiply(other.expr, ratio)) == 0:
                return float(ratio)
        if type(other) is int and other > 0:
            return Quotient(self, other)
        self.log.leak("/")
        return plain(self) / number

    def __rtruediv__(self, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        self.log.leak("/")
        return plain(other) / plain(self)

    def __neg__(self) -> Any:
        return self * -1

    def __pos__(self) -> Sym:
        return self

    def __abs__(self) -> Any:
        return self if self >= 0 else -self

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        if type(other) is int and 0 < other <= 4 and modulus is None:
            result: Any = self
            for _ in range(other - 1):
                result = result * self
            return result
        self.log.leak("**")
        return pow(plain(self), plain(other), modulus)

    def __rpow__(self, other: Any, modulus: Any = None) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        self.log.leak("**")
        return pow(other, plain(self), modulus)

    def __rshift__(self, other: int) -> Any:
        return self // (1 << other)

    def __lshift__(self, other: int) -> Any:
        return self * (1 << other)

    def __trunc__(self) -> Sym:
        return self

    __floor__ = __ceil__ = __trunc__

    def __round__(self, ndigits: Any = None) -> Sym:
        return self

    def __int__(self) -> int:
        self.log.leak("int()")
        return plain(self)

    def __float__(self) -> float:
        self.log.leak("float()")
        return float(plain(self))

    def __reduce__(self) -> Any:
        return int, (plain(self),)

    def __deepcopy__(self, memo: Any) -> Sym:
        return self


def _carried(name: str, exact: Callable[..., Any], symbolic: Callable[..., Any]) -> None:
    def forward(self: Sym, other: Any) -> Any:
        return self._arithmetic(name, other, exact, symbolic, swap=False)

    def backward(self: Sym, other: Any) -> Any:
        return self._arithmetic(name, other, exact, symbolic, swap=True)

    setattr(Sym, f"__{exact.__name__}__", forward)
    setattr(Sym, f"__r{exact.__name__}__", backward)


def _leaking(name: str, exact: Callable[..., Any]) -> None:
    def forward(self: Sym, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        self.log.leak(name)
        return exact(plain(self), plain(other))

    def backward(self: Sym, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        self.log.leak(name)
        return exact(plain(other), plain(self))

    setattr(Sym, f"__{exact.__name__.rstrip('_')}__", forward)
    setattr(Sym, f"__r{exact.__name__.rstrip('_')}__", backward)


_carried("+", operator.add, dims.add)
_carried("-", operator.sub, lambda a, b: dims.add(a, dims.multiply(b, -1)))
_carried("*", operator.mul, dims.multiply)
_carried("//", operator.floordiv, dims.floordiv)
_carried("%", operator.mod, dims.modulo)
_leaking("&", operator.and_)
_leaking("|", operator.or_)
_leaking("^", operator.xor)


def size(value: int, expr: int | Expr, log: SizeLog) -> int:
    """A size of ``value`` with its expression; a plain ``int`` where the expression is constant."""
    return Sym(value, expr, log) if isinstance(expr, Expr) else value


def expression(value: int) -> int | Expr:
    """The expression of a size; a plain integer is its own."""
    return value.expr if isinstance(value, Sym) else int(value)


def minimum(a: int, b: int) -> int:
    """The smaller of two sizes; symbolic where one is, without a guard."""
    return _extremum(min, dims.minimum, a, b)


def maximum(a: int, b: int) -> int:
    """The larger of two sizes; symbolic where one is, without a guard."""
    return _extremum(max, dims.maximum, a, b)


def _extremum(exact: Callable[..., int], symbolic: Callable[..., int | Expr], a: int, b: int) -> int:
    value = exact(plain(a), plain(b))
    log = next((number.log for number in (a, b) if isinstance(number, Sym)), None)
    return value if log is None else size(value, symbolic(expression(a), expression(b)), log)


def plain(number: Any) -> Any:
    """The number itself, without the leak that ``int()`` would log."""
    return int.__int__(number) if isinstance(number, Sym) else number
