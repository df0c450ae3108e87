"""What a filter says, as SQL with bound parameters; names are checked against the fields, values against their kinds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, false, func, not_, or_, select
from sqlalchemy.types import Double

from mcore.checkpoints.errors import FilterError
from mcore.checkpoints.filters.fields import ALIASES, FIELDS, JOINED, SPACES, Kind
from mcore.checkpoints.filters.nodes import And, Compare, Expr, Has, IsNull, Literal, Name, Not, OneOf, Or, Query
from mcore.checkpoints.tables import CheckpointRow, ValueRow, WordRow

Column = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class _Compiler:
    text: str
    metrics: Collection[str]
    dialect: str

    def condition(self, expr: Expr) -> ColumnElement[bool]:
        """Never null: an absent value makes a comparison false, and so its negation true."""
        match expr:
            case And(items):
                return and_(*map(self.condition, items))
            case Or(items):
                return or_(*map(self.condition, items))
            case Not(item):
                return not_(self.condition(item))
            case IsNull(name):
                return self._is_null(name)
            case Has(name, value):
                return self._has(name, value)
            case OneOf(name, values):
                return or_(*(self._compare(name, "=", value) for value in values))
            case Compare(name, operator, value):
                return self._compare(name, operator, value)
        raise AssertionError(expr)

    def ordering(self, name: Name) -> Column:
        field, kind = self._resolved(name)
        if kind is Kind.LIST:
            raise self._error(f"{field} is a list, which has no order", name.column)
        if kind is None:
            return select(ValueRow.number).where(*_of(field)).scalar_subquery()
        return self._collated(_column(field), kind)

    def _compare(self, name: Name, operator: str, value: Literal) -> ColumnElement[bool]:
        field, kind = self._resolved(name)
        if kind is None:
            return self._compare_named(field, operator, value)
        if kind is Kind.LIST:
            if field.first not in JOINED or operator not in ("=", "!=", "contains"):
                raise self._error(f"{field} is a list: write {field} has {value}", name.column)
            field, kind = Name(JOINED[field.first]), Kind.TEXT
        column = _column(field)
        return and_(column.is_not(None), self._operate(self._collated(column, kind), operator, value, kind, name))

    def _compare_named(self, field: Name, operator: str, value: Literal) -> ColumnElement[bool]:
        """A metric is a number; a parameter is what it is compared with."""
        if isinstance(value.value, bool):
            value = Literal(str(value.value).lower(), value.column)
        text = isinstance(value.value, str)
        if text and field.first == "metrics":
            raise self._error(f"{field} is a number, {value} is none", value.column)
        kind = Kind.TEXT if text else Kind.NUMBER
        own: Any = ValueRow.text if text else ValueRow.number
        column = self._collated(own, kind)
        return exists().where(*_of(field), column.is_not(None), self._operate(column, operator, value, kind, field))

    def _operate(self, column: Column, operator: str, value: Literal, kind: Kind, name: Name) -> ColumnElement[bool]:
        if operator == "contains" and kind is not Kind.TEXT:
            raise self._error(f"{name} is {kind}: only a text contains another", name.column)
        bound = self._bound(value, kind, name)
        if operator == "contains":
            find = func.strpos if self.dialect == "postgresql" else func.instr
            return find(column, bound) > 0
        if kind is Kind.BOOLEAN and operator not in ("=", "!="):
            raise self._error(f"{name} is true or false: only = and != make sense", name.column)
        return _OPERATORS[operator](column, bound)

    def _bound(self, value: Literal, kind: Kind, name: Name) -> Any:
        given = value.value
        if kind is Kind.TEXT and isinstance(given, str):
            return bindparam(None, given, unique=True)
        if kind is Kind.BOOLEAN and isinstance(given, bool):
            return given
        if kind is Kind.NUMBER and isinstance(given, int | float) and not isinstance(given, bool):
            return bindparam(None, float(given), type_=Double(), unique=True)
        if kind is Kind.DATE and isinstance(given, str):
            try:
                date = datetime.fromisoformat(given)
            except ValueError:
                raise self._error(
                    f"{value} is no date: write such as '2026-05-01' or '2026-05-01T12:00'", value.column
                ) from None
            return bindparam(None, _utc(date), type_=CheckpointRow.created.type, unique=True)
        raise self._error(f"{name} is {kind}, {value} is none", value.column)

    def _has(self, name: Name, value: Literal) -> ColumnElement[bool]:
        field, kind = self._resolved(name)
        if kind is not Kind.LIST:
            what = kind or "a number or a text"
            raise self._error(f"{field} is {what}, no list: write {field} = {value}", name.column)
        if not isinstance(value.value, str):
            raise self._error(f"{field} is a list of texts: write '{value}'", value.column)
        return exists().where(
            WordRow.checkpoint == CheckpointRow.id, WordRow.field == field.first, WordRow.value == value.value
        )

    def _is_null(self, name: Name) -> ColumnElement[bool]:
        field, kind = self._resolved(name)
        if kind is None:
            return not_(exists().where(*_of(field)))
        if kind is Kind.LIST:
            return not_(exists().where(WordRow.checkpoint == CheckpointRow.id, WordRow.field == field.first))
        return or_(_column(field).is_(None), _column(field) == "" if kind is Kind.TEXT else false())

    def _resolved(self, name: Name) -> tuple[Name, Kind | None]:
        """The field that is meant, and its kind; none for metrics and parameters."""
        first = ALIASES.get(name.first, name.first)
        if name.second is not None:
            if first not in SPACES:
                near = self._near(first, SPACES)
                raise self._error(f"{name.first} has no parts; only metrics and parameters have{near}", name.column)
            return name, None
        if first in SPACES:
            raise self._error(f"say which: {first}.<name>{self._known() if first == 'metrics' else ''}", name.column)
        if first in FIELDS:
            return Name(first, None, name.column), FIELDS[first]
        if first in self.metrics:  # miou > 0.7
            return Name("metrics", first, name.column), None
        raise self._error(f"there is no field {first!r}{self._near(first, [*FIELDS, *self.metrics])}", name.column)

    def _known(self) -> str:
        return f"; there are {', '.join(sorted(self.metrics)[:8])}" if self.metrics else ""

    def _near(self, name: str, known: Collection[str]) -> str:
        found = get_close_matches(name, known, n=3, cutoff=0.6)
        said = [name if name in (*FIELDS, *SPACES) else f"metrics.{name}" for name in found]
        return f"; did you mean {', '.join(said)}?" if said else ""

    def _collated(self, column: Column, kind: Kind) -> Column:
        """Texts compare by their characters' numbers, whatever the server's language."""
        return column.collate("C") if kind is Kind.TEXT and self.dialect == "postgresql" else column

    def _error(self, what: str, column: int) -> FilterError:
        return FilterError(what, self.text, max(column, 1))


_OPERATORS: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def statement(query: Query, text: str, *, metrics: Collection[str], dialect: str) -> Select[Any]:
    """The metadata of the checkpoints that ``query`` finds, in its order; then the newest first.

    Args:
        query: parsed from ``text``.
        text: for errors.
        metrics: names of all metrics that there are: a name that is no field's may be one of theirs.
        dialect: of the database, ``sqlite`` or ``postgresql``.

    Raises:
        FilterError: a name is no field's, or a value is of another kind than its field.
    """
    compiler = _Compiler(text, metrics, dialect)
    chosen = select(CheckpointRow.document)
    if query.where is not None:
        chosen = chosen.where(compiler.condition(query.where))
    for order in query.order:
        column = compiler.ordering(order.name)
        # What a checkpoint does not have comes last, in either direction.
        chosen = chosen.order_by(column.is_(None), column.desc() if order.descending else column.asc())
    chosen = chosen.order_by(CheckpointRow.created.desc(), CheckpointRow.id.desc())
    return chosen if query.limit is None else chosen.limit(query.limit)


def _column(field: Name) -> Column:
    column: Column = getattr(CheckpointRow, field.first)
    return column


def _of(field: Name) -> tuple[ColumnElement[bool], ...]:
    return (
        ValueRow.checkpoint == CheckpointRow.id,
        ValueRow.space == field.first,
        ValueRow.name == field.second,
    )


def _utc(date: datetime) -> datetime:
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
