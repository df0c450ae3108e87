"""docker-compose.yml, checked without an engine: what a production stack must have."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from tests.servers import RedisServer, redis_binary

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
    assert "--aclfile /run/secrets/broker_accounts" in command
    assert "--requirepass" not in command  # which would look like protection, and is none beside an ACL file


HOSTS = [name for name in SERVICES if name.startswith("device-")]


@pytest.mark.parametrize("name", HOSTS)
def test_a_device_host_has_an_account_of_its_own_and_no_other_secret(name: str) -> None:
    host = SERVICES[name]
    (secret,) = host["secrets"]
    assert host["environment"]["FARM_BROKER_URL_FILE"] == f"/run/secrets/{secret}"
    users = [other for other, service in SERVICES.items() if secret in service.get("secrets", [])]
    assert users == [name]


@pytest.mark.server
def test_the_secrets_are_made_as_the_page_says_and_open_no_more_than_they_should(tmp_path: Path) -> None:
    """The commands of docs/production.md, and a real Redis that has the accounts which they make."""
    made = secrets_of_the_page(tmp_path)
    assert made.keys() >= COMPOSE["secrets"].keys()
    binary = redis_binary()
    server = RedisServer(binary, tmp_path, ["--aclfile", str(tmp_path / "secrets" / "broker_accounts")])
    server.start()
    try:
        for secret, may in (("broker_url", True), ("broker_url_numpy", False)):
            url = made[secret].replace("@redis:6379", f"@127.0.0.1:{server.port}")
            with redis.Redis.from_url(url) as client:
                assert client.llen("farm:device_numpy") == 0
                for command in ("KEYS *", "LLEN farm:device_other"):
                    with contextlib.nullcontext() if may else pytest.raises(redis.exceptions.NoPermissionError):
                        client.execute_command(*command.split())
        with redis.Redis(port=server.port) as nobody, pytest.raises(redis.exceptions.AuthenticationError):
            nobody.ping()
    finally:
        server.kill()


def secrets_of_the_page(folder: Path) -> dict[str, str]:
    """What the commands of the page write; ``farm`` is this one."""
    (block,) = re.findall(r"```sh\n(mkdir -p secrets\n.*?)```", (ROOT / "docs/production.md").read_text(), re.DOTALL)
    lines = [line for line in block.splitlines() if "docker compose" not in line]
    farm = f'farm() {{ "{sys.executable}" -c "from farm.cli import main; main()" "$@"; }}'
    subprocess.run(
        ["bash", "-euc", "\n".join([farm, *lines])], cwd=folder, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    return {path.name: path.read_text().strip() for path in (folder / "secrets").iterdir()}


def test_a_device_host_gets_neither_the_database_nor_torch() -> None:
    assert HOSTS
    assert {SERVICES[name]["build"]["target"] for name in HOSTS} == {"host"}
    stage = (ROOT / "Dockerfile").read_text().split("AS host")[1].split("\nFROM ")[0]
    assert "pip install --no-cache-dir -c constraints.txt .\n" in stage


def test_mounted_volumes_belong_to_the_user_that_runs_and_secrets_stay_out_of_the_image() -> None:
    stage = (ROOT / "Dockerfile").read_text().split("AS host")[1].split("\nFROM ")[0]
    volumes = [v.split(":") for s in SERVICES.values() if "build" in s for v in s["volumes"]]
    assert {place for name, place, *_ in volumes if name in COMPOSE["volumes"]} == {"/store", "/cache"}
    assert "install --directory --owner farm --group farm /store /cache" in stage
    assert stage.index("pip install") < stage.index("\nUSER farm")
    assert "secrets" in (ROOT / ".dockerignore").read_text().splitlines()
