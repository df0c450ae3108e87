"""Statements that a turn of the coordinator makes again and again: compiled once, and sent without waiting for one another.

SQLAlchemy looks at a statement anew each time that it is executed, which takes longer than SQLite needs to carry it out. And
PostgreSQL is away as far as a message goes: it gets statement after statement (its pipeline), and is waited for where a row is
needed, or where the transaction ends. An error of one so may show with a later one; all of it is the same transaction.

Whatever else SQLAlchemy executes on the same session comes in its order, and waits for what was sent before it.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Executable
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import Float, Numeric

if TYPE_CHECKING:
    from farm.database.pipeline import Pipeline

_Process = Callable[[Any], Any]
#: Where a session keeps its connection, and a connection that it waits for no answers.
_LINE, _PIPELINE = "farm_line", "farm_pipeline"


class Statement:
    """A statement of SQLAlchemy's core, for :func:`ask` and :func:`put`.

    What an ``INSERT`` fills are the keys of its first row; defaults of the model are not filled in.
    """

    def __init__(self, clause: Executable, **of_dialect: Executable) -> None:
        """``clause``, or what is given for the dialect of that name."""
        self._clause, self._of_dialect = clause, of_dialect
        self._forms: dict[str, _Form] = {}

    def form(self, dialect: Dialect, keys: Iterable[str]) -> _Form:
        """As it is sent to a database."""
        found = self._forms.get(dialect.name)
        if found is None:
            clause = self._of_dialect.get(dialect.name, self._clause)
            found = self._forms[dialect.name] = _compiled(clause, dialect, list(keys))
        return found


@dataclass(frozen=True, slots=True)
class _Form:
    """What is sent, and how values get into it and out of it.

    ``given`` are the name, the key and the conversion of each parameter; ``places`` is their order.
    """

    text: str
    constants: dict[str, Any]
    given: tuple[tuple[str, str, _Process | None], ...]
    places: tuple[str, ...]
    row: Callable[[Iterable[Any]], Any] | None
    read: tuple[tuple[int, _Process], ...]

    def bound(self, named: Mapping[str, Any]) -> Any:
        values = dict(self.constants)
        for name, key, process in self.given:
            value = named[key]
            values[name] = value if process is None else process(value)
        return tuple([values[name] for name in self.places])

    def rows(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        assert self.row is not None
        if not self.read:
            return [self.row(values) for values in found]
        rows = []
        for values in found:
            converted = list(values)
            for place, process in self.read:
                converted[place] = process(converted[place])
            rows.append(self.row(converted))
        return rows


def _compiled(clause: Any, dialect: Dialect, keys: list[str]) -> _Form:
    if dialect.name == "postgresql":  # as the server wants it, and not the driver
        dialect = type(dialect)(paramstyle="numeric_dollar")  # type: ignore[call-arg]
    is_insert = getattr(clause, "is_insert", False)
    made = clause.compile(
        dialect=dialect, column_keys=keys if is_insert else None, compile_kwargs={"render_postcompile": True}
    )
    if unfilled := [column.name for column in getattr(made, "insert_prefetch", None) or ()]:
        raise ValueError(f"a statement fills in no defaults: give a value for {', '.join(unfilled)}")
    given, constants = [], dict(made.params)
    for bound, name in made.bind_names.items():
        process = bound.type.dialect_impl(dialect).bind_processor(dialect)
        if bound.required:
            constants.pop(name, None)
            given.append((name, bound.key, process))
        elif name in constants and process is not None:
            constants[name] = process(constants[name])
    columns = list(clause.exported_columns) if hasattr(clause, "exported_columns") else []
    row: Any = namedtuple("Row", [column.key for column in columns]) if columns else None
    # Numbers are what the drivers make of them; of these SQLAlchemy would have to be told by what number PostgreSQL calls them.
    made_later = ((n, column.type) for n, column in enumerate(columns) if not isinstance(column.type, Float | Numeric))
    converted = ((n, kind.dialect_impl(dialect).result_processor(dialect, None)) for n, kind in made_later)
    return _Form(
        str(made),
        constants,
        tuple(given),
        tuple(made.positiontup),
        row and row._make,
        tuple((n, process) for n, process in converted if process is not None),
    )


class Answer:
    """The rows of a statement; who looks at them waits until they are there."""

    __slots__ = ("_form", "_line", "_rows", "_sent")

    def __init__(self, line: _Line, form: _Form, sent: Any) -> None:
        self._line, self._form, self._sent = line, form, sent
        # What SQLite has not told by the next statement, may tell of that one's.
        self._rows: list[Any] | None = None if line.pipelined else self._read()

    @property
    def rows(self) -> list[Any]:
        """Rows with the statement's columns as attributes."""
        if self._rows is None:
            self._rows = self._read()
        return self._rows

    def _read(self) -> list[Any]:
        found = self._line.rows(self._form, self._sent)
        self._sent = None
        return self._form.rows(found)


class _Line:
    """The driver's connection below that of a session."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.dialect = connection, connection.dialect
        self.driver: Any = connection.connection.driver_connection
        self.errors = _errors(self.dialect)
        self.pipelined = self.dialect.name == "postgresql"

    def execute(self, form: _Form, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Send a statement, once for each row of values; what its rows are read from."""
        try:
            values = [form.bound(row) for row in rows]
            for listener in self.connection.engine.dispatch.before_cursor_execute:
                listener(self.connection, None, form.text, values, None, True)
            if self.pipelined:
                pipeline = self._pipeline()
                return [pipeline.send(form.text, each) for each in values][-1]
            cursor = self.driver.cursor()
            if len(values) == 1:
                return cursor.execute(form.text, values[0])
            return cursor.executemany(form.text, values)
        except self.errors as error:
            raise explained(self.connection, error, form.text) from error

    def rows(self, form: _Form, sent: Any) -> list[tuple[Any, ...]]:
        """What was answered."""
        try:
            found: list[tuple[Any, ...]]
            found = sent.rows() if self.pipelined else sent.fetchall()
        except self.errors as error:
            raise explained(self.connection, error, form.text) from error
        return found

    def _pipeline(self) -> Pipeline:
        info = self.connection.info
        if _PIPELINE not in info:
            from farm.database.pipeline import Pipeline  # and the driver, which who has an SQLite need not wait for

            info[_PIPELINE] = Pipeline(self.driver, info)
        pipeline: Pipeline = info[_PIPELINE]
        return pipeline


def ask(session: Session, statement: Statement, named: Mapping[str, Any] | None = None) -> Answer:
    """Send a query, or another statement that returns rows, with its values by name.

    Raises:
        DBAPIError: as SQLAlchemy does, of this statement or of one that was sent before it.
    """
    line, named = _line(session), named or {}
    form = statement.form(line.dialect, named)
    return Answer(line, form, line.execute(form, (named,)))


def put(session: Session, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
    """Send a statement that writes, once for each of ``rows``; raises as :func:`ask`, at the latest with the commit."""
    if rows:
        line = _line(session)
        line.execute(statement.form(line.dialect, rows[0]), rows)


def settle(info: dict[str, Any]) -> None:
    """Wait until all that was sent on a connection was carried out; ``info`` is what SQLAlchemy keeps with it.

    Raises the driver's error of what was not.
    """
    if (pipeline := info.pop(_PIPELINE, None)) is not None:
        pipeline.leave()


def finish(connection: Connection) -> None:
    """Commit behind all that was sent and is waited for now, without waiting once more; raises as :func:`settle`."""
    if (pipeline := connection.info.pop(_PIPELINE, None)) is not None:
        pipeline.commit()


def explained(connection: Connection, error: Exception, text: str) -> Exception:
    """An error of the driver's as SQLAlchemy raises it; a connection that broke off is used no more."""
    dialect, usable = connection.dialect, not (connection.closed or connection.invalidated)
    gone = usable and dialect.is_disconnect(error, connection.connection.dbapi_connection, None)  # type: ignore[arg-type]
    if gone:
        connection.invalidate(error)
    made: Exception = DBAPIError.instance(
        text, None, error, _errors(dialect), connection_invalidated=gone, dialect=dialect
    )
    return made


def _errors(dialect: Dialect) -> type[Exception]:
    assert dialect.dbapi is not None
    found: type[Exception] = dialect.dbapi.Error
    return found


def _line(session: Session) -> _Line:
    line: _Line | None = session.info.get(_LINE)
    if line is None or line.connection.closed:
        line = session.info[_LINE] = _Line(session.connection())
    return line
