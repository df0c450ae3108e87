"""What can be told of sizes without their values: which are never negative, and so which of two is the smaller.

Symbols stand for one or more.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from mcore.platform.expressions import (
    REMEMBERED,
    Atom,
    Expr,
    Monomial,
    add,
    multiply,
    remembered,
    subtract,
    terms_of,
)

#: Expressions with more symbols and operations are not reasoned about.
_MAX_WEIGHT = 48


@remembered
def minimum(a: int | Expr, b: int | Expr) -> int | Expr:
    """The smaller of two sizes; one of them where that is sure."""
    return _extremum("min", a, b)


@remembered
def maximum(a: int | Expr, b: int | Expr) -> int | Expr:
    """The larger of two sizes; one of them where that is sure."""
    return _extremum("max", a, b)


def never_negative(dim: int | Expr) -> bool:
    """Whether ``dim >= 0`` is sure where every symbol is one or more; ``False`` where this simple reasoning cannot tell."""
    if isinstance(dim, int):
        return dim >= 0
    return dim.weight <= _MAX_WEIGHT and _is_sure(dim)


@lru_cache(REMEMBERED)
def _is_sure(dim: Expr) -> bool:
    for monomial, coefficient in dim.terms.items():
        if len(monomial) == 1 and monomial[0].op in ("min", "max"):
            rest = subtract(dim, Expr({monomial: coefficient}))
            branches = [add(rest, multiply(a, coefficient)) for a in monomial[0].arguments]
            below_both = (monomial[0].op == "min") == (coefficient < 0)
            return (any if below_both else all)(map(never_negative, branches))
    return any(_has_positive_terms(_lower_bound(dim, linear)) for linear in (True, False))


def _extremum(op: str, a: int | Expr, b: int | Expr) -> int | Expr:
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b) if op == "min" else max(a, b)
    if never_negative(subtract(b, a)):
        return a if op == "min" else b
    if never_negative(subtract(a, b)):
        return b if op == "min" else a
    first, second = sorted((a, b), key=str)
    return Expr({(Atom("", op, (first, second)),): 1})


Bound = dict[Monomial, Fraction]


def _lower_bound(dim: int | Expr, linear: bool) -> Bound | None:
    """A polynomial over symbols alone that is nowhere above ``dim``, or ``None``.

    Below a floor division stands ``(x - b + 1) / b`` (``linear``), or 0 where ``x`` is never negative.
    """
    bound: Bound = {}
    for monomial, coefficient in terms_of(dim).items():
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
        below = _lower_bound(subtract(multiply(atom.arguments[0], coefficient), slack), linear)
        return None if below is None else {m: value / divisor for m, value in below.items()}
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
