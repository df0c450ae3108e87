from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, make_url, select, text, true
from sqlalchemy.exc import IntegrityError

import farm.database
from farm.database import models
from farm.database.engine import SCHEMA_VERSION, Database, migrate, open_database
from farm.database.models import Base, Event
from farm.database.server import BINARY_ROWS
from farm.errors import InfrastructureError, UsageError
from tests.farm.rows import START


def test_the_schema_version_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(farm.database.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_VERSION]


def test_up_down_up_and_the_models_are_the_migrated_schema(database_url: str) -> None:
    database = Database(database_url)
    assert database.version() is None
    for _ in range(2):
        migrate(database, "head")
        assert database.version() == SCHEMA_VERSION
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
        migrate(database, "base")
        assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    database.close()


def test_the_drawing_of_the_data_model_has_every_table() -> None:
    drawn = set(re.findall(r"\w+", (models.__doc__ or "").partition("::")[2].partition("The support table")[0]))
    assert set(models.Base.metadata.tables) <= drawn


def test_an_embedded_database_is_made_on_the_way_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'folder' / 'farm.sqlite'}"
    with caplog.at_level("INFO"):
        open_database(url).close()
        again = open_database(url)
    assert again.version() == SCHEMA_VERSION
    again.close()
    assert [record.message for record in caplog.records] == [f"the database at {url}: schema none → {SCHEMA_VERSION}"]


@pytest.mark.server
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_is_migrated_by_command_only(database_url: str) -> None:
    with pytest.raises(InfrastructureError, match="farm db upgrade"):
        open_database(database_url)


def test_a_newer_schema_is_named_in_one_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Database(database_url)
    made.upgrade()
    monkeypatch.setattr("farm.database.engine.SCHEMA_VERSION", "0001")
    for use in (lambda: open_database(database_url), made.upgrade):
        with pytest.raises(
            InfrastructureError, match=r"has schema 0\d+, this farm knows 0001: update this installation$"
        ):
            use()
    made.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "not a url", "nosuch://x"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="FARM_DATABASE_URL"):
        Database(url)


def test_an_absent_server_is_one_line_without_the_password() -> None:
    database = Database("postgresql://farm:secret@127.0.0.1:1/farm")
    with pytest.raises(InfrastructureError) as caught, database.read() as session:
        session.execute(text("SELECT 1"))
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "farm.sqlite"
    path.write_bytes(b"a letter to a friend " * 500)
    with pytest.raises(InfrastructureError, match=r"farm\.sqlite cannot be used: file is not a database$"):
        open_database(f"sqlite:///{path}")


def test_a_connection_that_breaks_in_the_middle_is_said_in_one_line(database: Database) -> None:
    def breaks() -> None:
        with database.read() as session:
            session.connection().connection.dbapi_connection.close()  # type: ignore[union-attr]
            session.execute(text("SELECT 1"))

    with pytest.raises(InfrastructureError, match=r"cannot be used: .*closed") as caught:
        breaks()
    assert "\n" not in str(caught.value)


def test_a_mistake_of_this_code_is_seen_as_one(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.execute(text("INSERT INTO installation (id) VALUES (NULL)"))


def test_a_failed_body_writes_nothing(database: Database) -> None:
    def body() -> None:
        with database.write() as session:
            session.add(Event(at=START, kind="k", subject="s", detail={}))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        body()
    with database.read() as session:
        assert session.query(Event).count() == 0


@pytest.mark.parametrize("turn", ["in_turn", "with_store"])
def test_bodies_in_turn_do_not_overlap_though_they_ask_the_database_nothing(database: Database, turn: str) -> None:
    inside = []

    def body(name: str) -> None:
        with database.write(**{turn: True}):
            inside.append(f"{name} in")
            time.sleep(0.1)
            inside.append(f"{name} out")

    threads = [threading.Thread(target=body, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(inside) == 6
    assert all(one.split()[0] == other.split()[0] for one, other in zip(inside[::2], inside[1::2], strict=True))


def test_dates_come_back_in_utc(database: Database) -> None:
    with database.write() as session:
        session.add(Event(at=START, kind="k", subject="s", detail={"a": [1]}))
    with database.read() as session:
        event = session.query(Event).one()
        assert event.at == START
        assert event.at.tzinfo is not None
        assert event.detail == {"a": [1]}


def test_a_locked_sqlite_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.database.engine.BUSY_TIMEOUT_MS", 50)
    database = open_database(f"sqlite:///{tmp_path / 'farm.sqlite'}")
    other = open_database(f"sqlite:///{tmp_path / 'farm.sqlite'}")
    with other.write() as holder:
        holder.add(Event(at=START, kind="k", subject="s", detail={}))
        holder.flush()
        with pytest.raises(InfrastructureError, match="locked"), database.write() as session:
            session.execute(text("SELECT 1"))
    database.close()
    other.close()


def test_processes_that_find_no_database_make_it_together(tmp_path: Path) -> None:
    code = "import sys; from farm.database.engine import open_database; open_database(sys.argv[1]).close()"
    url = f"sqlite:///{tmp_path / 'farm.sqlite'}"
    made = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in made] == [("", 0)] * 4
    database = Database(url)
    assert database.version() == SCHEMA_VERSION
    database.close()


def test_rows_are_the_same_in_either_form(database: Database) -> None:
    with database.write() as session:
        session.add(models.Commit(key="c1", sha="c1", dirty=False, subject="Grüße", date=START, recorded=START))
        session.add(Event(kind="k", subject="s", at=START, detail={"sizes": [1, 2.5, None], "text": "ü"}))
    columns = (models.Commit.subject, models.Commit.dirty, models.Commit.date, Event.id, Event.detail)
    query = select(*columns).join(Event, true())
    with database.read() as session:
        rows = session.connection().execute(query).all()
        assert session.connection().execute(query.execution_options(**{BINARY_ROWS: True})).all() == rows
    assert rows[0].detail["text"] == "ü"


@pytest.mark.server
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_account_that_may_not_and_a_server_that_only_reads_are_said_in_one_line(database_url: str) -> None:
    """As where the database is another's, or the server one that follows another."""
    owner = Database(database_url)
    name = f"visitor_{uuid.uuid4().hex}"
    owner.upgrade()
    with owner.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'sesame'"))
    url = make_url(database_url)
    visitor = Database(url.set(username=name, password="sesame").render_as_string(hide_password=False))
    reader = Database(
        url.update_query_dict({"options": "-c default_transaction_read_only=on"}).render_as_string(hide_password=False)
    )
    try:
        for use in (visitor.version, visitor.upgrade):
            with pytest.raises(InfrastructureError, match="cannot be used: permission denied for table") as caught:
                use()
            assert "sesame" not in str(caught.value)
        with pytest.raises(InfrastructureError, match="read-only transaction"), reader.write() as session:
            session.add(Event(at=START, kind="k", subject="s", detail={}))
        with owner.engine.begin() as connection:
            connection.execute(text("DROP TABLE alembic_version"))
        with pytest.raises(InfrastructureError, match="cannot be used: permission denied for schema public"):
            visitor.upgrade()
    finally:
        for each in (visitor, reader):
            each.close()
        with owner.engine.begin() as connection:
            connection.execute(text(f"DROP ROLE {name}"))
        owner.close()


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        InfrastructureError, match=r"the folder of the database, .*file/x, cannot be made: Not a directory"
    ):
        open_database(f"sqlite:///{tmp_path / 'file' / 'x' / 'farm.sqlite'}")


def test_a_scheme_that_is_almost_right_is_answered_with_the_right_one() -> None:
    with pytest.raises(UsageError, match="write postgresql://user:password@host/name") as caught:
        Database("postgres://farm:sesame@db/farm")
    assert "sesame" not in str(caught.value)
