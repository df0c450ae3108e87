"""Which services a farm on one machine is made of, and with what settings."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from farm.errors import InfrastructureError, NotFoundError, UsageError
from farm.inventory import Inventory
from farm.settings import Settings
from farm.up import redis
from farm.up.redis import free_port, redis_command
from farm.up.services import Service, Wanted, services
from tests.farm.databases import INVENTORY

BROKER = "redis://127.0.0.1:6400/0"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(tmp_path, {"FARM_DATABASE_URL": "sqlite:///x.sqlite", "FARM_STORE_URL": "/store"})


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "found_redis", lambda: "/bin/redis-server")
    monkeypatch.setattr("farm.up.services._has_pages", lambda: False)


def made(settings: Settings, wanted: Wanted, port: int | None = 6400, **devices: object) -> dict[str, Service]:
    inventory = Inventory.model_validate({**INVENTORY, "devices": {**INVENTORY["devices"], **devices}})
    return {s.name: s for s in services(wanted, inventory, settings, BROKER, port, Path("/run"))}


def test_all_of_it_in_the_order_in_which_it_starts(settings: Settings) -> None:
    found = made(settings, Wanted(), board={"driver": "command", "policy": "fp32", "profile": {}})
    assert list(found) == ["redis", "coordinator", "converter", "host numpy", "host torch"]  # no board is here
    assert [name for name, service in found.items() if service.first] == ["redis"]
    assert found["redis"].command[:3] == ("/bin/redis-server", "--port", "6400")
    assert "noeviction" in found["redis"].command
    shared = {"FARM_BROKER_URL": BROKER, "FARM_DATABASE_URL": "sqlite:///x.sqlite", "FARM_STORE_URL": "/store"}
    for name in list(found)[1:]:
        assert shared.items() <= found[name].environment.items()
    hosts = [found["host numpy"], found["host torch"]]
    assert ["device_numpy" in host.command for host in hosts] == [True, False]
    assert len({host.environment["FARM_CACHE"] for host in hosts}) == 2


def test_what_is_named_alone(settings: Settings) -> None:
    assert list(made(settings, Wanted(("hosts",), ("torch",)))) == ["host torch"]
    assert list(made(settings, Wanted(("redis", "converter")))) == ["redis", "converter"]
    assert "redis" not in made(settings, Wanted(), port=None)
    assert list(made(settings, Wanted(("web",)))) == []


def test_pages_run_where_they_are(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.up.services._has_pages", lambda: True)
    assert made(settings, Wanted())["web"].command[-3:-1] == ("web", "--port")


def test_what_is_named_wrongly(settings: Settings) -> None:
    with pytest.raises(UsageError, match=r"no service 'redsi'; did you mean redis\?"):
        Wanted(("redsi",))
    with pytest.raises(NotFoundError, match="did you mean numpy"):
        made(settings, Wanted(devices=("numpi",)))


def test_without_a_redis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(redis, "found_redis", lambda: None)
    with pytest.raises(InfrastructureError, match="install one"):
        redis_command(6400, tmp_path)


def test_a_port_that_is_taken_is_left_to_who_has_it() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        taken = listening.getsockname()[1]
        assert free_port(taken) not in (taken, 0)
    assert free_port(taken) == taken
