"""The transport of hosts: what kombu does, with one client for each channel."""

from __future__ import annotations

from pathlib import Path

from kombu import Connection

from farm.broker import transport
from farm.celery import TRANSPORT_OPTIONS
from tests.servers import private_redis

DRAWN = 5


def test_a_channel_keeps_its_client_until_it_is_connected_anew(tmp_path: Path) -> None:
    with private_redis(tmp_path) as server:
        given = Connection(server.url, transport=transport.NAME, transport_options=TRANSPORT_OPTIONS)
        with given as connection, connection.SimpleQueue("q") as queue:
            channel = queue.channel
            assert isinstance(channel, transport.Channel)
            with channel.conn_or_acquire() as first:
                assert first.ping()
            for n in range(DRAWN):
                queue.put(n)
            for n in range(DRAWN):
                message = queue.get(timeout=5)
                assert message.payload == n
                assert first.hlen("unacked") == 1  # the prefix of keys is put before it
                message.ack()
            assert first.exists("unacked", "unacked_index") == 0
            with channel.conn_or_acquire() as again, channel.conn_or_acquire("another") as other:
                assert (again is first, other) == (True, "another")
            server.kill()
            server.start()
            channel._disconnect_pools()
            with channel.conn_or_acquire() as anew:
                assert anew is not first
                assert anew.ping()
