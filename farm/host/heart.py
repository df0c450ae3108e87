"""Sending heartbeats in a thread of its own: a connection that has gone silent must not hold up the worker's event loop."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable

from kombu import Connection, Producer
from kombu.exceptions import KombuError

from farm.protocol import RESULTS_QUEUE
from workers.codec import one_line

log = logging.getLogger("farm.host.presence")
#: Heartbeats are not piled up for a coordinator that is away: what it would learn is old, and the broker's memory is finite.
MOST_WAITING = 1000
#: After so many heartbeats, each of which found more messages waiting than the one before, nobody takes them.
UNTAKEN = 6


class Heart:
    """Sends what it is given last; what was given before and is not sent yet is old by then, and dropped.

    Args:
        connect: makes a connection, apart from Celery's own, which may try for minutes: this one gives up at once.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._next: queue.Queue[bytes | None] = queue.Queue(maxsize=1)
        self._hindered = False
        self._waited = self._untaken = 0
        threading.Thread(target=self._run, name="heart", daemon=True).start()

    def beat(self, body: bytes) -> None:
        """Send ``body`` as soon as it goes; returns at once."""
        self._put(body)

    def stop(self) -> None:
        """Send nothing more."""
        self._put(None)

    def _put(self, body: bytes | None) -> None:
        with contextlib.suppress(queue.Empty):
            self._next.get_nowait()
        self._next.put_nowait(body)  # there is one who puts

    def _run(self) -> None:
        while (body := self._next.get()) is not None:
            self._send(body)
        self._hang_up()

    def _send(self, body: bytes) -> None:
        """Send one. A broker that is away is no matter of this one: the next will do."""
        try:
            channel = self._connected().default_channel
            waiting = channel.queue_declare(RESULTS_QUEUE).message_count
            if waiting < MOST_WAITING:
                Producer(channel).publish(body.decode(), exchange="", routing_key=RESULTS_QUEUE, serializer="json")
            self._say(f"{waiting} messages wait for a coordinator" if waiting >= MOST_WAITING else "")
            self._look_who_takes(waiting)
        except Exception as error:  # of the transport, which are many: none may end the thread
            self._say(one_line(error))
            self._hang_up()

    def _look_who_takes(self, waiting: int) -> None:
        """Say once that nobody takes what is said: then it is said at a place where no coordinator listens, or none runs."""
        self._untaken = self._untaken + 1 if waiting > self._waited else 0
        self._waited = waiting
        if self._untaken == UNTAKEN:
            log.warning(
                "nobody takes what it says, %d messages wait: is a coordinator at work, and are broker and number of the "
                "database in FARM_BROKER_URL those of the coordinator?",
                waiting,
            )

    def _connected(self) -> Connection:
        if self._connection is None:
            made = self._connect()
            made.ensure_connection(max_retries=1, timeout=5)
            self._connection = made
        return self._connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(KombuError, OSError):
                connection.release()

    def _say(self, hindrance: str) -> None:
        """Say once that heartbeats do not get through, and once that they do again."""
        if hindrance and not self._hindered:
            log.warning("sends no heartbeats: %s", hindrance)
        elif self._hindered and not hindrance:
            log.warning("sends heartbeats again")
        self._hindered = bool(hindrance)
