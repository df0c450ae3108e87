"""What a filter says, as values; ``str`` gives a text that parses to the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: A text, a number, or true and false.
Value = str | float | bool

#: Below it every whole number is shown as one.
_EXACT = 1e15
_AFTER_DOT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*", re.ASCII)


class Expr:
    """A condition; conditions combine by ``&``, ``|`` and ``~``."""

    def __and__(self, other: Expr) -> Expr:
        return And((*_flat(And, self), *_flat(And, other)))

    def __or__(self, other: Expr) -> Expr:
        return Or((*_flat(Or, self), *_flat(Or, other)))

    def __invert__(self) -> Expr:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("a condition is neither true nor false here: combine conditions by & | ~, not by and, or, not")


@dataclass(frozen=True, slots=True)
class Name:
    """A field such as ``task`` or, of the metrics and parameters, ``metrics.miou``; ``column`` is its place in the text."""

    first: str
    second: str | None = None
    column: int = field(default=0, compare=False)

    def __str__(self) -> str:
        if self.second is None:
            return self.first
        quoted = self.second if _AFTER_DOT.fullmatch(self.second) else '"' + self.second.replace('"', '""') + '"'
        return f"{self.first}.{quoted}"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value and its place in the text."""

    value: Value
    column: int = field(default=0, compare=False)

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            return str(self.value).lower()
        if isinstance(self.value, str):
            return "'" + self.value.replace("'", "''") + "'"
        return str(int(self.value)) if abs(self.value) < _EXACT and self.value == int(self.value) else repr(self.value)


@dataclass(frozen=True, slots=True)
class Compare(Expr):
    """``name operator value``."""

    name: Name
    operator: str
    value: Literal

    def __str__(self) -> str:
        return f"{self.name} {self.operator} {self.value}"


@dataclass(frozen=True, slots=True)
class OneOf(Expr):
    """``name in (value, ...)``."""

    name: Name
    values: tuple[Literal, ...]

    def __str__(self) -> str:
        return f"{self.name} in ({', '.join(map(str, self.values))})"


@dataclass(frozen=True, slots=True)
class Has(Expr):
    """``name has value``, or ``value in name``: of a list."""

    name: Name
    value: Literal

    def __str__(self) -> str:
        return f"{self.name} has {self.value}"


@dataclass(frozen=True, slots=True)
class IsNull(Expr):
    """``name is null``."""

    name: Name

    def __str__(self) -> str:
        return f"{self.name} is null"


@dataclass(frozen=True, slots=True)
class Not(Expr):
    item: Expr

    def __str__(self) -> str:
        return f"not ({self.item})"


@dataclass(frozen=True, slots=True)
class And(Expr):
    """Two or more, none of them an ``And``."""

    items: tuple[Expr, ...]

    def __str__(self) -> str:
        return " and ".join(f"({item})" if isinstance(item, Or) else str(item) for item in self.items)


@dataclass(frozen=True, slots=True)
class Or(Expr):
    """Two or more, none of them an ``Or``."""

    items: tuple[Expr, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.items))


@dataclass(frozen=True, slots=True)
class Order:
    """``order by name``."""

    name: Name
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.name} desc" if self.descending else str(self.name)


@dataclass(frozen=True, slots=True)
class Query:
    """A whole filter."""

    where: Expr | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None

    def __str__(self) -> str:
        said = [str(self.where)] if self.where is not None else []
        said += [f"order by {', '.join(map(str, self.order))}"] if self.order else []
        said += [f"limit {self.limit}"] if self.limit is not None else []
        return " ".join(said)


def _flat(kind: type[And] | type[Or], item: Expr) -> tuple[Expr, ...]:
    return item.items if isinstance(item, kind) else (item,)
