"""Checks of an installation: each with something that is wrong, and what it says to do; the command and its exit codes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from farm.clock import utc_now
from farm.coordinator.roster import Entry
from farm.database.engine import SCHEMA_VERSION, Database, migrate
from farm.errors import ExitCode
from farm.installation import checks
from farm.installation.checks import DRIVER_LIBRARIES, check_installation
from farm.installation.state import Installation
from farm.inventory import Inventory
from farm.planning.doctor import Finding, Level
from farm.settings import Settings
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.databases import INVENTORY
from tests.farm.documents.valid import valid
from tests.servers import redis_server
from tests.workers.artifacts.servers import serving
from workers.artifacts.store import MARK, MARK_SHA256, object_name
from workers.drivers import DRIVERS


@pytest.fixture
def sound(tiny: Scratch, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """One with nothing to mend, and no broker."""
    (tiny.root / ".farm" / "store").mkdir(parents=True)
    shutil.copy(migrated_sqlite, tiny.root / ".farm" / "farm.sqlite")
    monkeypatch.delenv("FARM_STORE_URL", raising=False)
    return Installation.at(tiny.root)


def found(installation: Installation, name: str) -> tuple[Finding, ...]:
    return check_installation(installation)[name]


def one(installation: Installation, name: str) -> tuple[Level, str, str]:
    (finding,) = found(installation, name)
    return finding.level, finding.where, finding.what


def using(installation: Installation, **settings: object) -> Installation:
    assert isinstance(installation.settings, Settings)
    return replace(installation, settings=replace(installation.settings, **settings))


def test_a_sound_one_has_nothing_to_mend(sound: Installation) -> None:
    every = check_installation(sound)
    assert list(every) == list(checks.CHECKS)
    assert {f.level for findings in every.values() for f in findings} == {Level.NOTE}
    assert one(sound, "broker")[2] == "is not set: `farm submit` runs everything on this machine itself"


def test_an_old_python(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_PYTHON", (9, 1))
    level, _, what = one(sound, "python")
    assert level is Level.PROBLEM
    assert what.endswith("make a .venv with 9.1 or newer")


def test_a_library_that_is_lacking(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None if name in ("torch", "rich") else object())
    problems = {f.where: f for f in found(sound, "libraries")}
    assert {f.level for f in problems.values()} == {Level.PROBLEM}
    assert problems["rich"].what.endswith("pip install -c constraints.txt '.[coordinator]' in a clone of the farm")
    assert (
        problems["torch"].what
        == "not installed, for converting: pip install -c constraints.txt '.[convert]' in a clone of the farm"
    )
    # With a broker, converters may run elsewhere.
    elsewhere = {f.where: f.level for f in found(using(sound, broker_url="redis://127.0.0.1:1/0"), "libraries")}
    assert elsewhere == {"rich": Level.PROBLEM, "torch": Level.NOTE}


def test_no_repository_and_an_inventory_that_is_wrong(tiny: Scratch, tmp_path_factory: pytest.TempPathFactory) -> None:
    level, where, what = one(Installation.at(tmp_path_factory.mktemp("elsewhere")), "repository")
    assert (level, where) == (Level.PROBLEM, "repository")
    assert "go to one, or run git init" in what
    tiny.write({"inventory.yaml": "version: 1\ndevices: {numpy: {driver: nump}}\n"})
    level, where, what = one(Installation.at(tiny.root), "repository")
    assert (level, where) == (Level.PROBLEM, "inventory")
    assert "inventory.yaml" in what


class TestDatabase:
    def test_none_yet(self, sound: Installation, tmp_path: Path) -> None:
        new = using(sound, database_url=f"sqlite:///{tmp_path / 'new.sqlite'}")
        assert one(new, "database")[::2] == (Level.NOTE, "is not there yet: the first submission makes it")
        assert not (tmp_path / "new.sqlite").exists()

    def test_one_that_is_away_is_said_without_its_password(self, sound: Installation) -> None:
        level, where, what = one(using(sound, database_url="postgresql://a:hunter2@127.0.0.1:1/x"), "database")
        assert level is Level.PROBLEM
        assert "hunter2" not in where + what
        assert what.endswith("; start it, or correct FARM_DATABASE_URL")

    def test_an_older_schema(self, sound: Installation, database_url: str) -> None:
        database = Database(database_url)
        migrate(database, "0001")
        database.close()
        level, _, what = one(using(sound, database_url=database_url), "database")
        if database_url.startswith("sqlite"):
            assert (level, what.endswith(f"migrates it to {SCHEMA_VERSION}")) == (Level.NOTE, True)
        else:
            assert (level, what.endswith("run `farm db upgrade`")) == (Level.PROBLEM, True)

    def test_a_newer_schema(self, sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("farm.database.engine.SCHEMA_VERSION", "0001")
        level, _, what = one(sound, "database")
        assert (level, what.endswith("update this installation")) == (Level.PROBLEM, True)

    @pytest.mark.server
    @pytest.mark.parametrize("database", ["postgresql"], indirect=True)
    def test_a_clock_that_is_not_that_of_the_server(
        self, sound: Installation, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert found(using(sound, database_url=database.url), "database") == ()
        monkeypatch.setattr("farm.database.clocks.utc_now", lambda: utc_now() + timedelta(hours=3))
        level, _, what = one(using(sound, database_url=database.url), "database")
        assert level is Level.PROBLEM
        assert what.startswith("the clock of this machine is 3.0 h ahead of that of the database server: set them")


class TestBroker:
    def test_one_that_is_away_is_said_without_its_password(self, sound: Installation) -> None:
        level, where, what = one(using(sound, broker_url="redis://:hunter2@127.0.0.1:1/0"), "broker")
        assert (level, where) == (Level.PROBLEM, "redis://:***@127.0.0.1:1/0")
        assert "hunter2" not in what
        assert what.endswith("; start it, or correct FARM_BROKER_URL")

    @pytest.mark.server
    def test_one_that_nobody_serves_and_one_that_somebody_does(self, sound: Installation, tmp_path: Path) -> None:
        with redis_server(tmp_path) as url:
            with_broker = using(sound, broker_url=url)
            assert one(with_broker, "broker")[::2] == (
                Level.NOTE,
                "no coordinator was heard of lately: start `farm coordinator`",
            )
            assert sound.settings is not None
            database = Database(sound.settings.database_url)
            Entry(database).renew(utc_now())
            database.close()
            assert found(with_broker, "broker") == ()


class TestStore:
    def test_the_default_one_is_made_when_it_is_needed(self, sound: Installation, tmp_path: Path) -> None:
        level, _, what = one(using(sound, store_url=str(tmp_path / "none")), "store")
        assert (level, what) == (Level.NOTE, "is not there yet: the first conversion makes it")
        assert found(sound, "store") == ()

    def test_one_that_was_set_must_be_there(
        self, sound: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FARM_STORE_URL", str(tmp_path / "none"))
        level, _, what = one(using(sound, store_url=str(tmp_path / "none")), "store")
        assert (level, what) == (Level.PROBLEM, "is not there: mount it, or make the folder")

    def test_one_that_cannot_be_written_to(self, sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(**_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(checks.tempfile, "TemporaryFile", refuse)
        level, _, what = one(sound, "store")
        assert level is Level.PROBLEM
        assert what.startswith("cannot be written to (Permission denied): give this user the right to")

    def test_a_web_server(self, sound: Installation) -> None:
        with serving() as web:
            at = using(sound, store_url=web.url)
            assert one(at, "store")[::2] == (
                Level.NOTE,
                "no converter has used it yet, or it is none of a farm: units take no attempts until one has",
            )
            web.objects[f"/{object_name(MARK_SHA256)}"] = MARK
            assert one(at, "store")[::2] == (Level.NOTE, "is only read from: a converter needs a folder or s3://")
            web.failures += 50 * [403]
            level, _, what = one(at, "store")
        assert level is Level.PROBLEM
        assert what.endswith("; correct FARM_STORE_URL, or the AWS_* variables")

    def test_what_is_none(self, sound: Installation) -> None:
        level, where, what = one(using(sound, store_url="ftp://a:hunter2@x/y"), "store")
        assert (level, where) == (Level.PROBLEM, "FARM_STORE_URL")
        assert "hunter2" not in what


def test_the_libraries_of_the_drivers_that_are_named(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None if name == "torch" else object())
    with_torch = replace(sound, inventory=Inventory.model_validate(INVENTORY))
    assert one(with_torch, "drivers") == (
        Level.PROBLEM,
        "device torch",
        "its driver torch needs torch: pip install -c constraints.txt '.[convert]' in a clone of the farm",
    )
    attended = using(with_torch, broker_url="redis://127.0.0.1:1/0")
    assert one(attended, "drivers")[::2] == (
        Level.NOTE,
        "its driver torch needs torch: pip install -c constraints.txt '.[convert]' in a clone of the farm, where its host runs",
    )


def test_every_driver_is_known() -> None:
    assert set(DRIVERS) - set(DRIVER_LIBRARIES) == {"numpy", "command"}  # which need the base alone


def test_the_exit_code_tells_installation_from_repository(
    sound: Installation, farm: Callable[..., Said], tiny: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert farm("doctor").code == ExitCode.GOOD
    tiny.write({"exclusions.yaml": "gone: too slow\n"})
    monkeypatch.setenv("FARM_BROKER_URL", "redis://127.0.0.1:1/0")
    both = farm("doctor")
    assert both.code == ExitCode.INFRASTRUCTURE
    assert "broker: 1 to mend\n" in both.out


def test_outside_of_a_repository_the_rest_is_still_checked(
    farm: Callable[..., Said], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    said = farm("doctor", "--json")
    assert said.code == ExitCode.INFRASTRUCTURE
    document = valid(said.out)
    assert (document["commit"], document["architectures"]) == (None, None)
    assert [check["name"] for check in document["checks"]] == list(checks.CHECKS)
