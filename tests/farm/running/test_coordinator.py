"""What a coordinator says when it starts, and whether it starts at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from farm.errors import InfrastructureError
from farm.git import Repository
from farm.running.context import Context
from farm.running.coordinator import coordinate
from farm.settings import Settings
from tests.acceptance.tiny import FILES, INVENTORY
from tests.farm.conftest import Scratch
from tests.servers import RedisServer, free_port, redis_binary

Started = Callable[[str, Callable[[], bool]], list[str]]
UP = "farm: coordinator is up for numpy, exact"


@pytest.fixture
def started(scratch: Scratch, tmp_path: Path) -> Started:
    """Runs a coordinator on a broker's URL until it is told to stop; what it said."""
    scratch.commit({**FILES, "inventory.yaml": INVENTORY}, "Start")

    def start(url: str, stop: Callable[[], bool]) -> list[str]:
        environment = {"FARM_DATABASE_URL": f"sqlite:///{tmp_path / 'farm.sqlite'}", "FARM_BROKER_URL": url}
        context = Context(Repository.find(scratch.root), Settings.load(scratch.root, environment))
        said: list[str] = []
        try:
            coordinate(context, stop, convert=False, say=said.append)
        finally:
            context.database.close()
        return said

    return start


@contextmanager
def redis(folder: Path, *arguments: str) -> Iterator[str]:
    server = RedisServer(redis_binary(), folder, arguments)
    server.start()
    try:
        yield server.url
    finally:
        server.kill()


@pytest.mark.server
def test_it_is_up_once_the_broker_was_reached(started: Started, tmp_path: Path) -> None:
    with redis(tmp_path) as url:
        looks = iter((False, False, True))
        assert started(url, lambda: next(looks)).count(UP) == 1


def test_while_the_broker_is_away_it_is_not_up(started: Started) -> None:
    looks = iter((False, True))
    assert UP not in started(f"redis://127.0.0.1:{free_port()}/0", lambda: next(looks))


@pytest.mark.server
def test_an_account_that_the_broker_refuses_ends_it(started: Started, tmp_path: Path) -> None:
    with (
        redis(tmp_path, "--requirepass", "sesame") as url,
        pytest.raises(InfrastructureError, match="refuses the account in FARM_BROKER_URL"),
    ):
        started(url, lambda: False)
