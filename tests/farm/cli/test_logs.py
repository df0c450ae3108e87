"""``farm logs`` of attempts that passed, crashed, and have not been answered yet."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from farm.answers.schemas import LOGS_SCHEMA
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.errors import ExitCode
from farm.inventory import Inventory, load_inventory
from farm.reading.attempt_log import read_logs
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.rows import START, FakeWire, report, submit
from workers.outcome import Cause, Outcome
from workers.report import Stage

Command = Callable[..., Said]
LOG = "Loading ...\nSegmentation fault \x1b[31m(core dumped)\n"


@pytest.fixture
def crashed(tiny: Scratch, migrated_sqlite: Path) -> Iterator[tuple[str, Database, Inventory]]:
    """The id of an attempt that crashed on ``numpy``; the job of ``exact`` was not begun."""
    (tiny.root / ".farm").mkdir()
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tiny.root / '.farm' / 'farm.sqlite')}")
    inventory = load_inventory(tiny.root / "inventory.yaml")
    submit(database, inventory, ["net"], tiny.git("rev-parse", "HEAD"))
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    sent = next(message for message in wire.sent if message.device_type == "numpy")
    told = report(sent, Outcome.CRASH, Cause.DEVICE_STACK, unit="board-3")
    end = replace(told.report, message="it died", stage=Stage.RUN, signal=11, log=LOG, peak_memory_bytes=3 << 20)
    merge(database, msgspec.structs.replace(told, report=end), START)
    yield sent.attempt, database, inventory
    database.close()


def test_the_words(crashed: tuple[str, Database, Inventory], farm: Command) -> None:
    attempt = crashed[0]
    said = farm("logs", attempt[:8])
    assert said.code == ExitCode.GOOD
    lines = said.out.splitlines()
    assert lines[0].startswith(f"attempt {attempt}: try 1 of job 1, network net on numpy at ")
    assert lines[1] == (
        "  reported, unit board-3; sent 2026-01-01 00:00:00Z, finished 2026-01-01 00:00:00Z, 0.5 s on the unit"
    )
    assert lines[2] == "  CRASH, cause: device stack: it died"
    assert lines[3] == "  last stage: run, ended by SIGSEGV, at most 3 MiB of memory"
    assert "  224x224: CRASH, 3.0 ms" in lines
    assert lines[-3:-1] == ["  log:", "    Loading ..."]
    # What a terminal would obey was made visible when it was entered.
    assert lines[-1] == "    Segmentation fault \ufffd[31m(core dumped)"


def test_the_document(crashed: tuple[str, Database, Inventory], farm: Command) -> None:
    document = farm("logs", "1", "--json").document
    assert (document["schema"], document["asked"]) == (LOGS_SCHEMA, "1")
    (attempt,) = document["attempts"]
    assert (attempt["attempt"], attempt["job"], attempt["unit"]) == (crashed[0], 1, "board-3")
    assert (attempt["stage"], attempt["signal"], attempt["signal_name"]) == ("run", 11, "SIGSEGV")
    assert (attempt["outcome"], attempt["message"], attempt["log"]) == (
        "CRASH",
        "it died",
        LOG.replace("\x1b", "\ufffd"),
    )
    assert [case["outcome"] for case in attempt["cases"]] == ["CRASH"] * 3


def test_all_attempts_of_a_job_are_shown_and_one_that_is_under_way(
    crashed: tuple[str, Database, Inventory], farm: Command
) -> None:
    _, database, inventory = crashed
    dispatch(database, inventory, FakeWire(), START)
    said = farm("logs", "1").out
    assert said.count("of job 1, network net on numpy") == 2
    assert "\n\nattempt " in said
    assert "  dispatched, no unit has said that it has it; sent 2026-01-01 00:00:00Z\n" in said


@pytest.mark.usefixtures("crashed")
@pytest.mark.parametrize(
    ("asked", "told"),
    [("11", "; did you mean 1?"), ("0x1", ""), ("", ""), ("nothing", ""), ("9" * 30, ""), ("zz/zz%", "")],
)
def test_what_is_not_there_is_not_found(farm: Command, asked: str, told: str) -> None:
    said = farm("logs", asked)
    assert (said.code, said.out) == (ExitCode.NOT_FOUND, "")
    assert said.err.rstrip().endswith(f"no job or attempt named {asked!r}{told}")


def test_a_near_attempt_is_named(crashed: tuple[str, Database, Inventory], farm: Command) -> None:
    wrong = ("0" if crashed[0][-1] != "0" else "1").join([crashed[0][:-1], ""])
    assert f"did you mean {crashed[0]}?" in farm("logs", wrong).err


def test_digits_that_several_begin_with_are_too_few(crashed: tuple[str, Database, Inventory], farm: Command) -> None:
    attempt, database, _ = crashed
    from farm.database.models import Attempt

    with database.write() as session:
        known = session.get_one(Attempt, attempt)
        twin = attempt[:31] + ("0" if attempt[31] != "0" else "1")
        session.add(
            Attempt(
                id=twin,
                job_id=known.job_id,
                n=9,
                token="t",
                nonce="n",
                state="lost",
                dispatched=START,
                lease_until=START,
                unsupported=[],
            )
        )
    said = farm("logs", attempt[:8])
    assert said.code == ExitCode.USAGE
    assert "more than one attempt begins with" in said.err
    with database.read() as session:
        assert [log.attempt for log in read_logs(session, attempt)] == [attempt]


def test_a_job_without_an_attempt_says_so(
    crashed: tuple[str, Database, Inventory], farm: Command, tiny: Scratch
) -> None:
    _, database, inventory = crashed
    submit(database, inventory, ["other"], tiny.git("rev-parse", "HEAD"), submitted=START.replace(hour=1))
    said = farm("logs", "3")
    assert (said.code, said.out) == (ExitCode.GOOD, "")
    assert "job 3 has had no attempt yet; `farm jobs` says why it waits" in said.err
