"""Fixtures: a real Redis, and a device host to run on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers import RedisServer, private_redis, redis_server

if TYPE_CHECKING:
    from tests.farm.hosts import Host


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Redis for a module's tests."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of a module's own, whose accounts it may change and whose port it may know."""
    with private_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def admin(own_redis: RedisServer) -> Iterator[Any]:
    """A client of that Redis that may do all, once it is empty."""
    import redis

    with redis.Redis.from_url(own_redis.url) as made:
        made.flushall()
        yield made


@pytest.fixture(scope="module")
def kept_host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A host for all tests of a module."""
    from tests.farm.hosts import make_host

    return make_host(tmp_path_factory.mktemp("host"))
