"""Settings: defaults, the environment, files of secrets, and what is printed of a URL."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.errors import ExitCode, UsageError
from farm.settings import HostSettings, Settings, from_environment, redacted


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


def test_by_default_all_is_in_the_repositorys_own_folder(tmp_path: Path) -> None:
    (tmp_path / ".farm").mkdir()
    found = Settings.load(tmp_path, {})
    assert found.repository == tmp_path
    assert found.database_url == f"sqlite:///{tmp_path}/.farm/farm.sqlite"
    assert found.store_url == f"{tmp_path}/.farm/store"
    assert found.inventory == tmp_path / "inventory.yaml"
    assert found.data == tmp_path / ".farm"
    assert found.broker_url is None


def test_without_that_folder_in_the_users_own(tmp_path: Path, data: Path) -> None:
    (tmp_path / "a" / "models").mkdir(parents=True)
    (tmp_path / "b" / "models").mkdir(parents=True)
    one, same, other = (Settings.load(tmp_path / name / "models", {}) for name in ("a", "a", "b"))
    assert one == same
    assert str(data) in one.database_url
    assert Path(one.store_url).parent == one.data
    # Two repositories of the same name must not share a table.
    assert one.database_url != other.database_url
    assert not data.exists()


def test_the_environment_goes_before_defaults(tmp_path: Path) -> None:
    found = Settings.load(
        tmp_path,
        {
            "FARM_DATABASE_URL": "postgresql://db/farm",
            "FARM_BROKER_URL": "redis://broker/0",
            "FARM_STORE_URL": "s3://bucket/farm",
            "FARM_INVENTORY": "/etc/farm/inventory.yaml",
            "FARM_CACHE": "/var/cache/farm",
        },
    )
    assert found.database_url == "postgresql://db/farm"
    assert found.broker_url == "redis://broker/0"
    assert found.store_url == "s3://bucket/farm"
    assert found.inventory == Path("/etc/farm/inventory.yaml")
    assert found.cache == Path("/var/cache/farm")


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    (tmp_path / ".farm").mkdir()
    names = ("FARM_DATABASE_URL", "FARM_BROKER_URL", "FARM_STORE_URL", "FARM_INVENTORY", "FARM_CACHE")
    assert Settings.load(tmp_path, dict.fromkeys(names, "")) == Settings.load(tmp_path, {})


def test_the_process_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_BROKER_URL", "redis://here/0")
    assert Settings.load(tmp_path).broker_url == "redis://here/0"
    assert from_environment("FARM_BROKER_URL") == "redis://here/0"


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1500", 1500), ("64K", 64 << 10), ("500m", 500 << 20), ("20 GiB", 20 << 30), ("2TB", 2 << 40)],
)
def test_the_size_of_the_cache(tmp_path: Path, text: str, size: int) -> None:
    assert Settings.load(tmp_path, {"FARM_CACHE_LIMIT": text}).cache_limit_bytes == size
    host = HostSettings.load({"FARM_STORE_URL": "/s", "FARM_CACHE_LIMIT": text})
    assert host.cache_limit_bytes == size


@pytest.mark.parametrize("text", ["-1", "1.5G", "lots", "G", "1X", "1e9", "٣"])
def test_a_size_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match=f"FARM_CACHE_LIMIT: '{text}' is not a size; write bytes, or a number with K"):
        HostSettings.load({"FARM_STORE_URL": "/s", "FARM_CACHE_LIMIT": text})


@pytest.mark.parametrize("name", ["FARM_DATABASE_URL", "FARM_BROKER_URL"])
def test_urls_with_passwords_can_come_from_files(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("redis://:päss@broker/0\n")
    assert from_environment(name, {f"{name}_FILE": str(secret)}) == "redis://:päss@broker/0"
    assert from_environment(name, {f"{name}_FILE": str(secret), name: "redis://x"}) == "redis://x"


@pytest.mark.parametrize("make", ["absent", "folder", "binary", "empty"])
def test_a_file_of_secrets_that_cannot_be_read_is_said(tmp_path: Path, make: str) -> None:
    """An empty one too: without its secret all would go on, with another database, with open pages, with unsigned messages."""
    path = tmp_path / make
    if make == "folder":
        path.mkdir()
    elif make == "binary":
        path.write_bytes(b"redis://:\xff@broker")
    elif make == "empty":
        path.write_text(" \n")
    with pytest.raises(UsageError) as caught:
        from_environment("FARM_BROKER_URL", {"FARM_BROKER_URL_FILE": str(path)})
    assert str(caught.value).startswith(f"FARM_BROKER_URL_FILE: {path} ")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE


def test_the_cache_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load(tmp_path, {"XDG_CACHE_HOME": "/c"}).cache == Path("/c/farm/bundles")
    monkeypatch.setenv("HOME", "/home/ada")
    assert Settings.load(tmp_path, {}).cache == Path("/home/ada/.cache/farm/bundles")


def test_a_host_needs_its_store_and_nothing_else() -> None:
    with pytest.raises(UsageError, match="FARM_STORE_URL is not set"):
        HostSettings.load({"FARM_UNIT": "bench-3"})
    found = HostSettings.load({"FARM_STORE_URL": "s3://b", "FARM_CACHE": "/c", "FARM_UNIT": "bench-3"})
    assert found == HostSettings("s3://b", Path("/c"), "bench-3", 20 << 30)
    assert (found.name, found.heartbeat_s) == (socket.gethostname(), 10.0)
    assert HostSettings.load({"FARM_STORE_URL": "s3://b"}).unit == socket.gethostname()
    told = HostSettings.load({"FARM_STORE_URL": "s3://b", "FARM_HOST": "bench", "FARM_HEARTBEAT_S": "2.5"})
    assert (told.name, told.heartbeat_s) == ("bench", 2.5)


@pytest.mark.parametrize("text", ["0", "-1", "often", "nan", "inf", "3601"])
def test_a_heartbeat_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match=f"FARM_HEARTBEAT_S: '{text}' is no number of seconds from 0.1 to 3600"):
        HostSettings.load({"FARM_STORE_URL": "/s", "FARM_HEARTBEAT_S": text})


def test_what_is_left_on_the_disk_of_a_cache_that_is_not_there_yet(tmp_path: Path) -> None:
    free = HostSettings("/s", tmp_path / "not" / "yet", "u", 0).free_disk_bytes()
    assert free is not None
    assert free > 0


def test_the_stores_url_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://reader:secret@store/farm\n")
    environment = {"FARM_STORE_URL_FILE": str(tmp_path / "url")}
    assert Settings.load(tmp_path, environment).store_url == "https://reader:secret@store/farm"
    assert HostSettings.load(environment).store_url == "https://reader:secret@store/farm"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://farm:secret@db:5432/farm", "postgresql://farm:***@db:5432/farm"),
        ("redis://:secret@broker/0", "redis://:***@broker/0"),
        ("redis://:se@cr/et@broker/0", "redis://:***@broker/0"),
        ("postgresql://db/farm?user=farm&password=secret&x=1", "postgresql://db/farm?user=farm&password=***&x=1"),
        ("postgresql://db/farm?sslpassword=secret", "postgresql://db/farm?sslpassword=***"),
        ("redis://broker:6379/0", "redis://broker:6379/0"),
        ("sqlite:////home/a:b@c/farm.sqlite", "sqlite:////home/a:b@c/farm.sqlite"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("not a url", "not a url"),
    ],
)
def test_what_is_printed_of_a_url(url: str, shown: str) -> None:
    assert redacted(url) == shown


passwords = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1).map(lambda t: f"<{t}>")


@given(passwords, st.sampled_from(["redis://:{}@h:1/0", "amqp://u:{}@h//", "postgresql+psycopg://u.v:{}@h/d?a=b"]))
def test_no_password_is_ever_printed(password: str, url: str) -> None:
    assert password not in redacted(url.format(password))


@pytest.mark.parametrize(
    ("url", "recorded"),
    [
        ("sqlite:///{0}/there.sqlite", True),
        ("sqlite:///{0}/there.sqlite?timeout=5", True),
        ("sqlite:///{0}/absent.sqlite", False),
        ("sqlite:///{0}", False),  # a folder
        ("postgresql://host/farm", True),  # only asking tells
    ],
)
def test_whether_there_is_a_database_is_told_without_making_one(tmp_path: Path, url: str, recorded: bool) -> None:
    (tmp_path / "there.sqlite").write_bytes(b"")
    settings = Settings.load(tmp_path, {"FARM_DATABASE_URL": url.format(tmp_path)})
    assert settings.recorded is recorded
    assert [p.name for p in tmp_path.iterdir()] == ["there.sqlite"]
