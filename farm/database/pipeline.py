"""PostgreSQL's pipeline: statements are sent one after the other, and what they answer is read when somebody wants it.

The driver has one of its own, which hands each statement to the socket at once, and so wakes the server for each. Here they are
handed over together: where an answer is waited for, and at the end. A statement is prepared when a connection first has it.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

#: Where SQLAlchemy keeps with a connection which statements it has prepared, by their text.
_PREPARED = "farm_prepared"
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)


class Sent:
    """A statement that was sent through a pipeline, and what came back.

    ``prepares`` is the text that it prepares, if it does only that.
    """

    __slots__ = ("_pipeline", "prepares", "result")

    def __init__(self, pipeline: Pipeline, prepares: str = "") -> None:
        self._pipeline, self.prepares = pipeline, prepares
        self.result: Any = None

    def rows(self) -> list[tuple[Any, ...]]:
        """Its rows, which are waited for. That the transaction has ended meanwhile is no matter."""
        return self._pipeline.rows(self)


class Pipeline:
    """From the first statement of a transaction to where it is left. The connection is of nobody else meanwhile.

    Args:
        driver: a connection of psycopg's, on which a transaction begins here if there is none.
        info: what is kept with it as long as it lasts.

    Raises (from every method):
        psycopg.Error: of the first statement that failed; none behind it was carried out.
    """

    def __init__(self, driver: Any, info: dict[str, Any]) -> None:
        self._wire = driver.pgconn
        self._adapt = Transformer(driver)
        self._prepared: dict[str, bytes] = info.setdefault(_PREPARED, {})
        self._new: dict[str, bytes] = {}
        self._pending: deque[Sent] = deque()
        self._error: psycopg.Error | None = None
        self._wire.enter_pipeline_mode()
        if self._wire.transaction_status == TransactionStatus.IDLE:
            self._say(b"BEGIN")

    def send(self, text: str, values: Sequence[Any]) -> Sent:
        """Send a statement with the values of ``$1``, ``$2`` and so on."""
        name = self._prepared.get(text) or self._new.get(text)
        if name is None:
            name = self._new[text] = f"farm_{len(self._prepared)}_{len(self._new)}".encode()
            self._wire.send_prepare(name, text.encode())
            self._pending.append(Sent(self, text))
        self._wire.send_query_prepared(name, self._adapt.dump_sequence(values, [PyFormat.TEXT] * len(values)))
        sent = Sent(self)
        self._pending.append(sent)
        return sent

    def rows(self, sent: Sent) -> list[tuple[Any, ...]]:
        """The rows of a statement that was sent through this one; waits for them."""
        if sent.result is None:
            self._wire.send_flush_request()
            self._hand_over()
            while sent.result is None:
                self._receive()
                if self._error is not None:
                    raise self._error
        if sent.result.status != ExecStatus.TUPLES_OK:
            raise self._error or psycopg.ProgrammingError("a statement that returns no rows")
        self._adapt.set_pgresult(sent.result)
        return self._adapt.load_rows(0, sent.result.ntuples, tuple)

    def commit(self) -> None:
        """Commit, and leave."""
        self._say(b"COMMIT")
        self.leave()

    def leave(self) -> None:
        """Wait for all that was sent; then the connection is the driver's again."""
        try:
            self._wire.pipeline_sync()
            self._pending.append(Sent(self))
            self._hand_over()
            while self._pending:
                self._receive()
        finally:
            if self._wire.status == psycopg.pq.ConnStatus.OK:
                self._wire.exit_pipeline_mode()
        if self._error is not None:
            raise self._error

    def _say(self, command: bytes) -> None:
        self._wire.send_query_params(command, None)
        self._pending.append(Sent(self))

    def _hand_over(self) -> None:
        """Give the server what it was sent; of what it says meanwhile no more than the sockets hold may be left there."""
        while self._wire.flush():
            if self._wait(select.POLLIN | select.POLLOUT) & select.POLLIN:
                self._wire.consume_input()

    def _receive(self) -> None:
        """The result of the first statement that has none yet."""
        result = self._result()
        if result is None:
            raise psycopg.OperationalError("the connection to the server was lost")
        sent = self._pending.popleft()
        sent.result = result
        if result.status == ExecStatus.PIPELINE_SYNC:
            return
        if result.status in _GOOD:
            if sent.prepares:
                self._prepared[sent.prepares] = self._new.pop(sent.prepares)
        elif self._error is None:
            self._error = error_from_result(result)
        if self._result() is not None:
            raise psycopg.InternalError("a statement has more than one result")

    def _result(self) -> Any:
        while self._wire.is_busy():
            self._wait(select.POLLIN)
            self._wire.consume_input()
        return self._wire.get_result()

    def _wait(self, events: int) -> int:
        ready = select.poll()
        ready.register(self._wire.socket, events)
        return ready.poll()[0][1]
