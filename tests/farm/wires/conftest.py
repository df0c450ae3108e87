from __future__ import annotations

import pytest

from tests.farm.messages import client_of


@pytest.fixture
def broker(redis_url: str) -> str:
    """URL of an empty broker."""
    client = client_of(redis_url)
    client.flushdb()
    client.close()
    return redis_url
