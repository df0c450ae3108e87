"""Pushing messages on the queues of the broker, many at a time, with the addresses, time-outs and TLS that kombu was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import redis
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError

from farm.broker.access import KEY_PREFIX
from farm.errors import UsageError

#: What the libraries raise where the broker is away, or breaks off, or refuses.
BROKEN = (redis.RedisError, OperationalError, KombuError, OSError)


def client_of(connection: Connection) -> Any:
    """A ``redis.Redis`` on the broker behind a connection of kombu's, which is made now, and has to be kept.

    Raises:
        UsageError: it is no Redis.
    """
    channel = connection.channel()
    if connection.transport.driver_type != "redis":
        raise UsageError("FARM_BROKER_URL: the broker of the farm is a Redis: write redis:// or rediss://")
    return redis.Redis(connection_pool=channel.pool)


class Postbox:
    """Pushes messages; raises what the libraries do where the broker is away, full, or not what it should be.

    Args:
        connect: makes a connection, when it is first needed and after each error.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._client: Any = None

    def push(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Push each on the queue that is named beside it, all or none."""
        try:
            if self._client is None:
                self._connection = self._connect()
                self._client = client_of(self._connection)
            if len(messages) == 1:
                self._client.lpush(KEY_PREFIX + messages[0][0], messages[0][1])
                return
            with self._client.pipeline() as pipe:
                for queue, raw in messages:
                    pipe.lpush(KEY_PREFIX + queue, raw)
                pipe.execute()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the broker."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.release()
