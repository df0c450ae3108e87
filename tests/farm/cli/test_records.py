"""What commands make of a database that is away, is not there yet, or fails once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest
from sqlalchemy import func, select

from farm.audit import doubts
from farm.cli.records import Records
from farm.database import engine
from farm.database.engine import Database, open_database
from farm.database.models import Submission
from farm.errors import InfrastructureError
from farm.running.context import Context
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import TinyFarm

Command = Callable[..., Said]
AWAY = "postgresql://farm:secret@127.0.0.1:1/farm"


@pytest.fixture
def database(tiny: Scratch) -> Database:
    """One that a submission is recorded in, where commands look for it."""
    (tiny.root / ".farm").mkdir()
    (tiny.root / ".git" / "info" / "exclude").write_text(".farm/\n")
    database = open_database(f"sqlite:///{tiny.root / '.farm' / 'farm.sqlite'}")
    TinyFarm(tiny, database).submit()
    return database


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doubts cannot be read, and all else can."""

    def fail(_: object) -> NoReturn:
        raise InfrastructureError("the database is locked")

    monkeypatch.setattr(doubts, "read_doubts", fail)


def submissions(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Submission)) or 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            ("plan", "--all"),
            ["whether the selection missed anything before is not known", "the plan is without its cost"],
        ),
        (("why", "tiny"), ["compared with the parent", "whether the selection missed anything before is not known"]),
    ],
)
def test_a_server_that_is_away_is_waited_for_once(
    tiny: Scratch, farm: Command, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], said: list[str]
) -> None:
    monkeypatch.setenv("FARM_DATABASE_URL", AWAY)
    opened: list[str] = []
    monkeypatch.setattr(engine, "open_database", lambda url: opened.append(url) or open_database(url))
    done = farm(*command)
    assert (done.code, opened) == (0, [AWAY])
    assert [line.rpartition("; ")[2] for line in done.err.splitlines()] == said


def test_a_plan_and_its_why_go_on_without_the_doubts(database: Database, farm: Command, locked: None) -> None:
    for command in (("plan", "--changed-since", "HEAD"), ("why", "tiny")):
        done = farm(*command)
        assert done.code == 0
        assert "the database is locked; whether the selection missed anything before is not known" in done.err


def test_a_submission_does_not_go_on_without_the_doubts(
    database: Database, farm: Command, locked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would believe a selection that is known to have missed something."""
    monkeypatch.setenv("FARM_BROKER_URL", "redis://127.0.0.1:1/0")  # only recorded, and run by nobody
    before = submissions(database)
    done = farm("submit", "--changed-since", "HEAD")
    assert (done.code, done.out, done.err) == (3, "", "farm: the database is locked\n")
    assert submissions(database) == before


@pytest.mark.parametrize("optional", [True, False])
def test_a_database_that_is_not_there_is_neither_made_nor_missed(
    tiny: Scratch, capsys: pytest.CaptureFixture[str], optional: bool
) -> None:
    (tiny.root / ".farm").mkdir()
    records = Records(Context.here(), optional=optional)
    assert records.look_up(lambda _: pytest.fail("looked into it"), "nothing", "without it") == "nothing"
    assert list((tiny.root / ".farm").iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_what_is_recorded_is_found(database: Database) -> None:
    records = Records(Context.here(), optional=True)
    assert records.look_up(lambda session: session.scalar(select(func.count()).select_from(Submission)), None, "") == 1
