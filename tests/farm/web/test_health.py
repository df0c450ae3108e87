"""What a monitor asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from farm.clock import utc_now
from farm.database.models import CoordinatorRow
from tests.farm.documents.valid import valid
from tests.farm.tinyfarm import TinyFarm


def test_it_says_how_long_ago_a_coordinator_gave_a_sign(tiny: TinyFarm, serve: Callable[..., TestClient]) -> None:
    client = serve()
    assert client.get("/healthz").json() == {
        "schema": "farm-health/1",
        "database": "good",
        "coordinator_age_s": None,
    }
    now = utc_now()
    with tiny.database.write() as session:
        for name, age in (("a", 500), ("b", 100)):
            seen = now - timedelta(seconds=age)
            session.add(CoordinatorRow(id=name, name=name, started=seen, seen=seen, broker="usable", message=""))
    assert valid(client.get("/healthz").text)["coordinator_age_s"] == pytest.approx(100, abs=60)


def test_without_a_database_it_is_503_and_so_is_all_else(tiny: TinyFarm, serve: Callable[..., TestClient]) -> None:
    client = serve(database_url="postgresql://farm:hunter2@127.0.0.1:1/farm")
    answered = client.get("/healthz")
    assert (answered.status_code, valid(answered.text)["database"]) == (503, "away")
    for path in ("/", "/api/table"):
        answered = client.get(path)
        assert answered.status_code == 503
        assert "cannot be used" in answered.text
        assert "hunter2" not in answered.text


def test_an_inventory_that_is_edited_is_read_again(tiny: TinyFarm, serve: Callable[..., TestClient]) -> None:
    client = serve()
    assert [device["name"] for device in client.get("/api/devices").json()["devices"]] == ["numpy", "exact"]
    path = tiny.scratch.root / "inventory.yaml"
    path.write_text(path.read_text().replace("  exact:", "  precise:"))
    assert [device["name"] for device in client.get("/api/devices").json()["devices"]] == ["numpy", "precise"]
    path.write_text("version: 2\n")
    answered = client.get("/api/devices")
    assert answered.status_code == 503
    assert "inventory.yaml" in answered.json()["error"]
