"""Filters in Python: ``where.metrics.miou > 0.7``."""

from __future__ import annotations

from typing import Any

from mcore.checkpoints.filters.fields import SPACES
from mcore.checkpoints.filters.nodes import Compare, Expr, Has, IsNull, Literal, Name, OneOf, Order, Value


class Field:
    """One field: comparing it makes a condition."""

    def __init__(self, name: Name) -> None:
        self._name = name

    def __eq__(self, value: Value) -> Expr:  # type: ignore[override]
        return self._compare("=", value)

    def __ne__(self, value: Value) -> Expr:  # type: ignore[override]
        return self._compare("!=", value)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, value: Value) -> Expr:
        return self._compare("<", value)

    def __le__(self, value: Value) -> Expr:
        return self._compare("<=", value)

    def __gt__(self, value: Value) -> Expr:
        return self._compare(">", value)

    def __ge__(self, value: Value) -> Expr:
        return self._compare(">=", value)

    def contains(self, text: str) -> Expr:
        """The text has this one in it."""
        return self._compare("contains", text)

    def has(self, member: str) -> Expr:
        """The list has this member."""
        return Has(self._name, _literal(member))

    def one_of(self, *values: Value) -> Expr:
        """It is one of these."""
        if not values:
            raise TypeError("one_of needs a value")
        return OneOf(self._name, tuple(map(_literal, values)))

    def is_null(self) -> Expr:
        """The checkpoint does not have it."""
        return IsNull(self._name)

    def asc(self) -> Order:
        return Order(self._name)

    def desc(self) -> Order:
        return Order(self._name, descending=True)

    def _compare(self, operator: str, value: Value) -> Expr:
        return Compare(self._name, operator, _literal(value))


class Space:
    """Fields of any name: ``where.metrics.miou``, ``where.metrics["mAP@50"]``."""

    def __init__(self, first: str) -> None:
        self._first = first

    def __getattr__(self, name: str) -> Field:
        return self[name]

    def __getitem__(self, name: str) -> Field:
        return Field(Name(self._first, name))


class Where:
    """Every field by name; one that there is not is refused when it is searched for."""

    metrics = Space("metrics")
    parameters = Space("parameters")

    def __getattr__(self, name: str) -> Field:
        return Field(Name(name))


where = Where()
assert all(isinstance(getattr(where, space), Space) for space in SPACES)


def _literal(value: Any) -> Literal:
    if isinstance(value, bool | str):
        return Literal(value)
    if isinstance(value, int | float):
        return Literal(float(value))
    raise TypeError(f"a field is compared with a text, a number or a truth value, not with {type(value).__name__}")
