"""Symbolic sizes: integers, symbols such as ``H``, and small expressions over them.

Expressions are made by Python's operators and by the functions here, and kept in a normal form
(:mod:`mcore.platform.expressions`), so that comparing forms compares sizes. Symbols stand for one or more; minima and maxima
that this decides are simplified (:mod:`mcore.platform.bounds`).

In JSON an expression is a prefix list: ``["//", ["+", "H", 1], 2]``. It is read by :func:`from_json`, never evaluated as code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcore.platform.bounds import maximum, minimum, never_negative
from mcore.platform.expressions import (
    MAX_WEIGHT,
    Atom,
    Expr,
    Monomial,
    add,
    ceildiv,
    floordiv,
    modulo,
    multiply,
    subtract,
    symbol,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_VALUE",
    "MAX_WEIGHT",
    "Atom",
    "Expr",
    "Monomial",
    "add",
    "ceildiv",
    "concrete",
    "evaluate",
    "floordiv",
    "from_json",
    "maximum",
    "minimum",
    "modulo",
    "multiply",
    "never_negative",
    "scaled_symbol",
    "substitute",
    "subtract",
    "symbol",
    "to_json",
]

MAX_DEPTH = 64
MAX_VALUE = 1 << 48

_OPERATORS = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "//": floordiv,
    "%": modulo,
    "min": minimum,
    "max": maximum,
}


def evaluate(dim: int | Expr, symbols: Mapping[str, int], known: dict[Expr, int] | None = None) -> int:
    """The number that ``dim`` stands for; raises ``ValueError`` for a symbol without a value or a result out of range.

    ``known`` holds what was found for these ``symbols`` before, and takes up what is found now.
    """
    if isinstance(dim, int):
        return dim
    known = {} if known is None else known
    total = known.get(dim)
    if total is None:
        total = 0
        for monomial, coefficient in dim.terms.items():
            product = coefficient
            for atom in monomial:
                product *= _value(atom, symbols, known)
            total += product
        if abs(total) > MAX_VALUE:
            raise ValueError(f"size {dim} is out of range")
        known[dim] = total
    return total


def _value(atom: Atom, symbols: Mapping[str, int], known: dict[Expr, int]) -> int:
    if not atom.op:
        try:
            return symbols[atom.name]
        except KeyError:
            raise ValueError(f"size symbol {atom.name!r} has no value") from None
    first, second = (evaluate(a, symbols, known) for a in atom.arguments)
    if atom.op == "//":
        return first // second
    return min(first, second) if atom.op == "min" else max(first, second)


def concrete(value: Any, symbols: Mapping[str, int], known: dict[Expr, int] | None = None) -> Any:
    """``value`` of an attribute with numbers for the expressions in it; ``known`` is as :func:`evaluate` has it."""
    if isinstance(value, Expr):
        return evaluate(value, symbols, known)
    if isinstance(value, tuple | list):
        return tuple(concrete(v, symbols, known) for v in value)
    return value


def scaled_symbol(dim: int | Expr) -> tuple[str, int] | None:
    """The symbol and the factor of a size that is one times the other, else ``None``."""
    if isinstance(dim, int) or len(dim.terms) != 1:
        return None
    ((monomial, factor),) = dim.terms.items()
    return (monomial[0].name, factor) if len(monomial) == 1 and not monomial[0].op else None


def substitute(dim: int | Expr, symbols: Mapping[str, int | Expr]) -> int | Expr:
    """``dim`` with the given symbols replaced."""
    if isinstance(dim, int):
        return dim
    total: int | Expr = 0
    for monomial, coefficient in dim.terms.items():
        product: int | Expr = coefficient
        for atom in monomial:
            product = multiply(product, _replaced(atom, symbols))
        total = add(total, product)
    return total


def _replaced(atom: Atom, symbols: Mapping[str, int | Expr]) -> int | Expr:
    if not atom.op:
        return symbols.get(atom.name, Expr({(atom,): 1}))
    first, second = (substitute(a, symbols) for a in atom.arguments)
    return _OPERATORS[atom.op](first, second)


def to_json(dim: int | Expr) -> Any:
    """The prefix form: an ``int``, a symbol's name, or a list ``[operator, argument, argument]``."""
    if isinstance(dim, int):
        return dim
    sums: list[Any] = []
    for monomial, coefficient in dim.terms.items():
        product = _chain("*", [_atom_to_json(a) for a in monomial]) if monomial else coefficient
        sums.append(product if coefficient == 1 or not monomial else ["*", coefficient, product])
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
    if not isinstance(data, list) or len(data) != 3 or not isinstance(data[0], str) or data[0] not in _OPERATORS:
        raise ValueError("a size expression is [operator, a, b] with one of + - * // % min max")
    if depth >= MAX_DEPTH:
        raise ValueError(f"a size expression is nested deeper than {MAX_DEPTH}")
    left, right = from_json(data[1], depth + 1), from_json(data[2], depth + 1)
    try:
        result = _OPERATORS[data[0]](left, right)
    except ZeroDivisionError as error:
        raise ValueError(str(error)) from None
    if isinstance(result, Expr) and result.weight > 4 * MAX_DEPTH and len(result.terms) > 4 * MAX_DEPTH:
        raise ValueError("a size expression has too many terms")
    return result


def _atom_to_json(atom: Atom) -> Any:
    return [atom.op, *(to_json(a) for a in atom.arguments)] if atom.op else atom.name


def _chain(op: str, items: list[Any]) -> Any:
    result = items[0]
    for item in items[1:]:
        result = [op, result, item]
    return result
