"""Fixtures: an inventory, and a database on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers import postgresql_server

if TYPE_CHECKING:
    from farm.database.engine import Database
    from farm.inventory import Inventory

INVENTORY = {
    "version": 1,
    "catalogue": {"levels": {"network": "models/networks", "block": "models/basicblocks"}},
    "policies": {
        "fp32": {
            "version": 1,
            "precision": "float32",
            "atol_rel": 2e-4,
            "rtol": 1e-4,
            "sqnr_db": 75,
            "cosine": 0.99999,
        }
    },
    "devices": {
        "numpy": {"driver": "numpy", "policy": "fp32", "limits": {"time_s": 60}},
        "torch": {"driver": "torch", "policy": "fp32", "units": 2},
    },
}


@pytest.fixture
def inventory() -> Inventory:
    from farm.inventory import Inventory

    return Inventory.model_validate(INVENTORY)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server of this test run's own.

    Where the tests run as root it runs as another user, who must be able to reach its folder. So that is not below pytest's
    own, which every start of pytest closes to others again.
    """
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="farm-postgresql-") as folder:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        with postgresql_server(Path(folder)) as url:
            yield url


KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.server))


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'farm.sqlite'}"
        return
    with on_server(request.getfixturevalue("postgresql"), "template1") as url:
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to be copied: migrating one for each test takes longer than the tests."""
    path = tmp_path_factory.mktemp("migrated") / "farm.sqlite"
    _migrate(f"sqlite:///{path}")
    return path


def migrating_by(migrated: Path) -> Callable[[Database, str], None]:
    """As ``farm.database.engine.migrate``, but an empty SQLite database becomes a copy of ``migrated``: half a second less."""
    from farm.database.engine import migrate

    def copy_or_migrate(database: Database, revision: str) -> None:
        if revision != "head" or database.engine.dialect.name != "sqlite" or database.version() is not None:
            migrate(database, revision)
            return
        with contextlib.closing(sqlite3.connect(migrated)) as source, database.engine.connect() as target:
            source.backup(target.connection.driver_connection)

    return copy_or_migrate


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: str) -> Iterator[str]:
    """The name of a migrated database to be copied."""
    with on_server(postgresql, "template1") as url:
        _migrate(url)
        yield url.rpartition("/")[2].partition("?")[0]


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database of each kind."""
    from farm.database.engine import Database

    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            path = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "farm.sqlite")
            url = f"sqlite:///{path}"
        else:
            template = request.getfixturevalue("migrated_postgresql")
            url = stack.enter_context(on_server(request.getfixturevalue("postgresql"), template))
        made = Database(url)
        stack.callback(made.close)
        yield made


def _migrate(url: str) -> None:
    from farm.database.engine import Database

    made = Database(url)
    made.upgrade()
    made.close()


@contextlib.contextmanager
def on_server(server_url: str, template: str) -> Iterator[str]:
    """URL of a new database on a PostgreSQL, a copy of ``template``."""
    from sqlalchemy import create_engine, make_url, text

    server = make_url(server_url).set(drivername="postgresql+psycopg")
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()
