"""Kombu's transport to Redis, as device hosts use it: with one client for each channel.

Kombu makes a client for each message that it keeps, and one for each that it acknowledges, which is a quarter of what a worker
does for an attempt. All of them are on the same pool of connections: what breaks off is left to that, as ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport import redis

#: For ``broker_transport`` of Celery.
NAME = f"{__name__}:Transport"


class Channel(redis.Channel):  # type: ignore[misc]
    """A channel that keeps its client as long as the pool of connections is the same."""

    _kept: Any = None

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        if client is None and (self._kept is None or self._kept.connection_pool is not self.pool):
            with super().conn_or_acquire() as self._kept:
                pass
        yield client or self._kept


class Transport(redis.Transport):  # type: ignore[misc]
    """That of ``redis://`` and ``rediss://``, with such channels."""

    Channel = Channel
