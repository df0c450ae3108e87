"""docker-compose.yml, checked without an engine: what a production stack must have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = [name for name in SERVICES if name != "migrate"]


def test_the_services_of_the_farm_are_there() -> None:
    assert {"redis", "postgres", "coordinator", "converter", "device-numpy"} <= set(SERVICES)


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_service_restarts_and_is_checked(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_port_is_published_and_no_password_stands_in_the_file(name: str) -> None:
    assert "ports" not in SERVICES[name]
    environment = SERVICES[name].get("environment", {})
    assert not [key for key in environment if "PASSWORD" in key and not key.endswith("_FILE")]
    assert not [value for value in environment.values() if "://" in str(value) and "@" in str(value)]


@pytest.mark.parametrize("name", SERVICES)
def test_every_secret_is_a_file_and_is_declared(name: str) -> None:
    for secret in SERVICES[name].get("secrets", []):
        assert "file" in COMPOSE["secrets"][secret]


@pytest.mark.parametrize("name", SERVICES)
def test_every_dependency_and_volume_exists(name: str) -> None:
    for dependency, condition in SERVICES[name].get("depends_on", {}).items():
        wanted = condition["condition"]
        assert wanted == "service_completed_successfully" or "healthcheck" in SERVICES[dependency]
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        assert source.startswith((".", "$", "/")) or source in COMPOSE["volumes"]


def test_the_broker_keeps_what_it_took() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "--requirepass" in command


def test_a_device_host_gets_neither_the_database_nor_torch() -> None:
    host = SERVICES["device-numpy"]
    assert host["build"]["target"] == "host"
    assert host["secrets"] == ["broker_url"]
    stage = (ROOT / "Dockerfile").read_text().split("AS host")[1].split("\nFROM ")[0]
    assert "pip install --no-cache-dir -c constraints.txt .\n" in stage


def test_mounted_volumes_belong_to_the_user_that_runs_and_secrets_stay_out_of_the_image() -> None:
    stage = (ROOT / "Dockerfile").read_text().split("AS host")[1].split("\nFROM ")[0]
    volumes = [v.split(":") for s in SERVICES.values() if "build" in s for v in s["volumes"]]
    assert {place for name, place, *_ in volumes if name in COMPOSE["volumes"]} == {"/store", "/cache"}
    assert "install --directory --owner farm --group farm /store /cache" in stage
    assert stage.index("pip install") < stage.index("\nUSER farm")
    assert "secrets" in (ROOT / ".dockerignore").read_text().splitlines()
