"""Symbolic sizes: integers, symbols such as ``H``, and small expressions over them.

An expression is kept as a polynomial over *atoms* (a symbol, or a floor division, minimum or maximum that could not be
simplified) with integer coefficients. Equal sizes that models reach by different roads (``(H - 1) // 2 + 1`` and
``(H + 1) // 2``, ``((H + 1) // 2 + 1) // 2`` and ``(H + 3) // 4``) so have one form, and comparing forms compares sizes.
Symbols stand for one or more, and minima and maxima that this decides are simplified.

In JSON an expression is a prefix list: ``["//", ["+", "H", 1], 2]``. It is read by :func:`from_json`, never evaluated as code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering
from itertools import combinations
from typing import Any

MAX_DEPTH = 64
MAX_VALUE = 1 << 48
#: Most symbols and operations in one expression, and most terms that one multiplication may make: no honest network comes near,
#: and a hostile file cannot take time or memory without end.
MAX_WEIGHT = 4096
_MAX_REASONED = 48


@total_ordering
@dataclass(frozen=True, slots=True)
class Atom:
    """A symbol (``op == ""``) or an irreducible operation (``//``, ``min``, ``max``) on sizes."""

    name: str
    op: str = ""
    arguments: tuple[int | Expr, ...] = ()

    def __lt__(self, other: Atom) -> bool:
        return str(self) < str(other)

    def __str__(self) -> str:
        if not self.op:
            return self.name
        if self.op == "//":
            return f"({self.arguments[0]}) // {_bracketed(self.arguments[1])}"
        return f"{self.op}({', '.join(map(str, self.arguments))})"

    @property
    def weight(self) -> int:
        """Symbols and operations in it."""
        return 1 + sum(a._weight for a in self.arguments if isinstance(a, Expr))

    def evaluate(self, symbols: Mapping[str, int]) -> int:
        if not self.op:
            try:
                return symbols[self.name]
            except KeyError:
                raise ValueError(f"size symbol {self.name!r} has no value") from None
        values = [evaluate(a, symbols) for a in self.arguments]
        if self.op == "//":
            return values[0] // values[1]
        return min(values) if self.op == "min" else max(values)

    def substitute(self, symbols: Mapping[str, int | Expr]) -> int | Expr:
        if not self.op:
            return symbols.get(self.name, Expr({(self,): 1}))
        arguments = [substitute(a, symbols) for a in self.arguments]
        return {"//": floordiv, "min": minimum, "max": maximum}[self.op](*arguments)


Monomial = tuple[Atom, ...]


class Expr:
    """An immutable polynomial over atoms with integer coefficients; never constant (a constant is an ``int``)."""

    __slots__ = ("_terms", "_weight")

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self._weight = sum(1 + sum(atom.weight for atom in monomial) for monomial in terms)
        if self._weight > MAX_WEIGHT:
            raise ValueError("a size expression is too large")
        self._terms: tuple[tuple[Monomial, int], ...] = tuple(
            sorted(((m, c) for m, c in terms.items() if c), key=lambda t: (-len(t[0]), t[0]))
        )

    @property
    def terms(self) -> dict[Monomial, int]:
        """Coefficient by monomial; the empty monomial is the constant term."""
        return dict(self._terms)

    def symbols(self) -> frozenset[str]:
        """Names of the symbols in it."""
        found: set[str] = set()
        for monomial, _ in self._terms:
            for atom in monomial:
                if atom.op:
                    found.update(*(a.symbols() for a in atom.arguments if isinstance(a, Expr)))
                else:
                    found.add(atom.name)
        return frozenset(found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expr) and self._terms == other._terms

    def __hash__(self) -> int:
        return hash(self._terms)

    def __repr__(self) -> str:
        return f"Expr({self})"

    def __str__(self) -> str:
        parts = []
        for monomial, coefficient in self._terms:
            factors = [str(a) if not a.op or a.op in ("min", "max") else f"({a})" for a in monomial]
            if coefficient != 1 or not factors:
                factors.insert(0, str(coefficient))
            parts.append("*".join(factors))
        return " + ".join(parts).replace("+ -", "- ")

    def __add__(self, other: int | Expr) -> int | Expr:
        return add(self, other)

    __radd__ = __add__

    def __neg__(self) -> int | Expr:
        return multiply(self, -1)

    def __sub__(self, other: int | Expr) -> int | Expr:
        return add(self, multiply(other, -1))

    def __rsub__(self, other: int | Expr) -> int | Expr:
        return add(other, multiply(self, -1))

    def __mul__(self, other: int | Expr) -> int | Expr:
        return multiply(self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: int | Expr) -> int | Expr:
        return floordiv(self, other)

    def __rfloordiv__(self, other: int | Expr) -> int | Expr:
        return floordiv(other, self)

    def __mod__(self, other: int | Expr) -> int | Expr:
        return modulo(self, other)

    def __rmod__(self, other: int | Expr) -> int | Expr:
        return modulo(other, self)


def symbol(name: str) -> Expr:
    """The size named ``name``."""
    if not name.isidentifier():
        raise ValueError(f"a size symbol is an identifier, not {name!r}")
    return Expr({(Atom(name),): 1})


def add(a: int | Expr, b: int | Expr) -> int | Expr:
    terms = _terms(a)
    for monomial, coefficient in _terms(b).items():
        terms[monomial] = terms.get(monomial, 0) + coefficient
    return _reduced(terms)


def multiply(a: int | Expr, b: int | Expr) -> int | Expr:
    terms: dict[Monomial, int] = {}
    first, second = _terms(a), _terms(b)
    if len(first) * len(second) > MAX_WEIGHT:
        raise ValueError("a size expression is too large")
    for left, x in first.items():
        for right, y in second.items():
            monomial = tuple(sorted(left + right))
            terms[monomial] = terms.get(monomial, 0) + x * y
    return _reduced(terms)


def floordiv(a: int | Expr, b: int | Expr) -> int | Expr:
    """``a // b``, rounded towards minus infinity; raises ``ZeroDivisionError`` when ``b`` is 0."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if isinstance(b, Expr):
        exact = _exact_quotient(a, b)
        return Expr({(Atom("", "//", (a, b)),): 1}) if exact is None else exact
    if b == 0:
        raise ZeroDivisionError("size expression divided by zero")
    if b < 0:
        return floordiv(multiply(a, -1), -b)
    if b == 1:
        return a
    # floor((b*q + r) / b) = q + floor(r / b) for an integer q: multiples of b leave the division.
    outside: dict[Monomial, int] = {}
    inside: dict[Monomial, int] = {}
    for monomial, coefficient in _terms(a).items():
        outside[monomial], inside[monomial] = divmod(coefficient, b)
    quotient, rest = _reduced(outside), _reduced(inside)
    if isinstance(rest, int):
        return quotient
    nested = _nested_division(rest)
    if nested is not None:  # floor((floor(x / c) + k) / b) = floor((x + c*k) / (b*c))
        inner, divisor, constant = nested
        return add(quotient, floordiv(add(inner, divisor * constant), divisor * b))
    return add(quotient, Expr({(Atom("", "//", (rest, b)),): 1}))


def modulo(a: int | Expr, b: int | Expr) -> int | Expr:
    """``a % b`` with the sign of ``b``, as Python has it."""
    return add(a, multiply(multiply(b, floordiv(a, b)), -1))


def ceildiv(a: int | Expr, b: int | Expr) -> int | Expr:
    """``a / b`` rounded towards plus infinity."""
    return multiply(floordiv(multiply(a, -1), b), -1)


def minimum(a: int | Expr, b: int | Expr) -> int | Expr:
    return _extremum("min", a, b)


def maximum(a: int | Expr, b: int | Expr) -> int | Expr:
    return _extremum("max", a, b)


def never_negative(dim: int | Expr) -> bool:
    """Whether ``dim >= 0`` is sure where every symbol is one or more; ``False`` where this simple reasoning cannot tell."""
    if isinstance(dim, int):
        return dim >= 0
    if dim._weight > _MAX_REASONED:
        return False
    return any(_has_positive_terms(_lower_bound(dim, linear)) for linear in (True, False))


def evaluate(dim: int | Expr, symbols: Mapping[str, int]) -> int:
    """The number that ``dim`` stands for; raises ``ValueError`` for a symbol without a value or a result out of range."""
    if isinstance(dim, int):
        return dim
    total = 0
    for monomial, coefficient in dim._terms:
        product = coefficient
        for atom in monomial:
            product *= atom.evaluate(symbols)
        total += product
    if abs(total) > MAX_VALUE:
        raise ValueError(f"size {dim} is out of range")
    return total


def substitute(dim: int | Expr, symbols: Mapping[str, int | Expr]) -> int | Expr:
    """``dim`` with the given symbols replaced."""
    if isinstance(dim, int):
        return dim
    total: int | Expr = 0
    for monomial, coefficient in dim._terms:
        product: int | Expr = coefficient
        for atom in monomial:
            product = multiply(product, atom.substitute(symbols))
        total = add(total, product)
    return total


def to_json(dim: int | Expr) -> Any:
    """The prefix form: an ``int``, a symbol's name, or a list ``[operator, argument, argument]``."""
    if isinstance(dim, int):
        return dim
    sums = []
    for monomial, coefficient in dim._terms:
        factors: list[Any] = [_atom_to_json(a) for a in monomial]
        if coefficient != 1 or not factors:
            factors.insert(0, coefficient)
        sums.append(_chain("*", factors))
    return _chain("+", sums)


def from_json(data: Any, depth: int = 0) -> int | Expr:
    """Read what :func:`to_json` wrote; raises ``ValueError`` for anything else."""
    if isinstance(data, bool):
        raise ValueError("a size is a number, a symbol or a list, not a boolean")
    if isinstance(data, int):
        if abs(data) > MAX_VALUE:
            raise ValueError(f"size {data} is out of range")
        return data
    if isinstance(data, str):
        return symbol(data)
    if not isinstance(data, list) or len(data) != 3 or data[0] not in _OPERATORS:
        raise ValueError("a size expression is [operator, a, b] with one of + - * // % min max")
    if depth >= MAX_DEPTH:
        raise ValueError(f"a size expression is nested deeper than {MAX_DEPTH}")
    left, right = from_json(data[1], depth + 1), from_json(data[2], depth + 1)
    try:
        result = _OPERATORS[data[0]](left, right)
    except ZeroDivisionError as error:
        raise ValueError(str(error)) from None
    if isinstance(result, Expr) and len(result._terms) > 4 * MAX_DEPTH:
        raise ValueError("a size expression has too many terms")
    return result


def _subtract(a: int | Expr, b: int | Expr) -> int | Expr:
    return add(a, multiply(b, -1))


_OPERATORS = {
    "+": add,
    "-": _subtract,
    "*": multiply,
    "//": floordiv,
    "%": modulo,
    "min": minimum,
    "max": maximum,
}


def _terms(dim: int | Expr) -> dict[Monomial, int]:
    return {(): int(dim)} if isinstance(dim, int) else dim.terms


def _reduced(terms: Mapping[Monomial, int]) -> int | Expr:
    kept = {m: c for m, c in terms.items() if c}
    if not kept:
        return 0
    return kept[()] if kept.keys() == {()} else Expr(kept)


def _nested_division(rest: Expr) -> tuple[int | Expr, int, int] | None:
    """``(x, c, k)`` where ``rest`` is ``x // c + k`` with an integer ``c``, else ``None``."""
    terms = rest.terms
    constant = terms.pop((), 0)
    if len(terms) != 1:
        return None
    (monomial, coefficient), *_ = terms.items()
    if coefficient != 1 or len(monomial) != 1 or monomial[0].op != "//":
        return None
    inner, divisor = monomial[0].arguments
    return (inner, divisor, constant) if isinstance(divisor, int) else None


def _exact_quotient(a: int | Expr, b: Expr) -> int | Expr | None:
    """``a / b`` where ``b`` has one term and divides each term of ``a``, else ``None``."""
    if a == b:
        return 1
    if a == 0:
        return 0
    if len(b._terms) != 1:
        return None
    (divisor, factor), *_ = b._terms
    quotient: dict[Monomial, int] = {}
    for monomial, coefficient in _terms(a).items():
        left = list(monomial)
        for atom in divisor:
            if atom not in left:
                return None
            left.remove(atom)
        if coefficient % factor:
            return None
        quotient[tuple(left)] = coefficient // factor
    return _reduced(quotient)


def _extremum(op: str, a: int | Expr, b: int | Expr) -> int | Expr:
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b) if op == "min" else max(a, b)
    if never_negative(_subtract(b, a)):
        return a if op == "min" else b
    if never_negative(_subtract(a, b)):
        return b if op == "min" else a
    first, second = sorted((a, b), key=str)
    return Expr({(Atom("", op, (first, second)),): 1})


Bound = dict[Monomial, Fraction]


def _lower_bound(dim: int | Expr, linear: bool) -> Bound | None:
    """A polynomial over symbols alone that is nowhere above ``dim``, or ``None``.

    Below a floor division stands ``(x - b + 1) / b`` (``linear``), or 0 where ``x`` is never negative.
    """
    bound: Bound = {}
    for monomial, coefficient in _terms(dim).items():
        part = _term_bound(monomial, coefficient, linear)
        if part is None:
            return None
        for symbols, value in part.items():
            bound[symbols] = bound.get(symbols, Fraction(0)) + value
    return bound


def _term_bound(monomial: Monomial, coefficient: int, linear: bool) -> Bound | None:
    if not any(atom.op for atom in monomial):
        return {monomial: Fraction(coefficient)}
    atom, *others = monomial
    divisor = atom.arguments[1] if atom.op == "//" and not others else None
    if isinstance(divisor, int) and (coefficient < 0 or linear):
        slack = 0 if coefficient < 0 else coefficient * (divisor - 1)
        below = _lower_bound(_subtract(multiply(atom.arguments[0], coefficient), slack), linear)
        return None if below is None else {m: value / divisor for m, value in below.items()}
    if not others and atom.op == "min" and coefficient < 0:
        return _lower_bound(multiply(next(a for a in atom.arguments if isinstance(a, Expr)), coefficient), linear)
    return {} if coefficient > 0 and all(map(_atom_never_negative, monomial)) else None


def _atom_never_negative(atom: Atom) -> bool:
    return all(map(never_negative, atom.arguments))


def _has_positive_terms(bound: Bound | None) -> bool:
    """Whether a bound of an integer is above -1 for all symbols from 1 on: written over ``symbol - 1``, no term falls."""
    if bound is None or any(len(monomial) > 4 for monomial in bound):
        return False
    shifted: Bound = {}
    for monomial, value in bound.items():
        for count in range(len(monomial) + 1):
            for rest in combinations(monomial, count):
                shifted[rest] = shifted.get(rest, Fraction(0)) + value
    constant = shifted.pop((), Fraction(0))
    return constant > -1 and all(value >= 0 for value in shifted.values())


def _atom_to_json(atom: Atom) -> Any:
    return [atom.op, *(to_json(a) for a in atom.arguments)] if atom.op else atom.name


def _chain(op: str, items: list[Any]) -> Any:
    result = items[0]
    for item in items[1:]:
        result = [op, result, item]
    return result


def _bracketed(dim: int | Expr) -> str:
    return str(dim) if isinstance(dim, int) else f"({dim})"
