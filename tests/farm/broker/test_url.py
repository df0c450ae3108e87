"""What is no broker's URL, and why, in one line and without the password."""

from __future__ import annotations

import pytest

from farm.broker.url import check_broker_url
from farm.errors import UsageError


@pytest.mark.parametrize(
    "url", ["redis://host", "redis://host:6379/15", "redis://:sesame@host/", "rediss://a:b@host:6380/0"]
)
def test_what_is_one(url: str) -> None:
    check_broker_url(url, None)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (("nothing", "it has no scheme")),
        ("gopher://:sesame@host", "No such transport: gopher"),
        ("amqp://farm:sesame@host//", "the broker of the farm is a Redis: write redis:// or rediss://"),
        ("memory://", "the broker of the farm is a Redis"),
        ("redis://:sesame@host:port/0", "write scheme://user:password@host:port/name"),
        ("redis://:sesame@host:6379/farm", "the database of a Redis is a number"),
        ("redis://:sesame/sesame@host:6379/0", "write scheme://user:password@host:port/name"),
    ],
)  # fmt: skip
def test_what_is_none(url: str, why: str) -> None:
    with pytest.raises(UsageError, match="FARM_BROKER_URL") as caught:
        check_broker_url(url, None)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "sesame" not in str(caught.value)
