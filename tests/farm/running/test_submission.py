"""Carrying a submission through on this machine, and waiting for others who do."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.clock import utc_now
from farm.conversion import converter as converter_module
from farm.conversion.wire import Begun, Event, Item, Result
from farm.coordinator.roster import Entry
from farm.database.engine import Database
from farm.database.models import Conversion
from farm.errors import ExitCode, UsageError, WaitTimeoutError
from farm.progress import display as display_module
from farm.progress import watch as watch_module
from farm.progress.display import Lines
from farm.progress.watch import Watch
from farm.running import submission as run_module
from farm.running.local_turn import LocalTurn
from farm.running.submission import run_here, wait_for
from farm.settings import Settings
from farm.submission.record import Submitted
from farm.submission.summary import summarise
from tests.farm.conftest import Scratch
from tests.farm.servers import Recorder
from tests.farm.tinyfarm import TinyFarm, tiny_farm
from tests.workers.bundles import branched

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    branched().write(folder)
    return folder


@pytest.fixture
def converts(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Conversion makes the same small bundle of everything."""

    def convert_items(source: Path, items: Sequence[Item], *_: object) -> Iterator[Event]:
        for item in items:
            yield Begun(item.key, "import")
            shutil.copytree(bundle, item.folder)
            yield Result(item.key, 0.1)

    monkeypatch.setattr(converter_module, "convert_items", convert_items)


@pytest.fixture
def hangs(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Conversion begins and goes on until it is told to stop; the event says that it has begun."""
    begun = threading.Event()

    def convert_items(source: Path, items: Sequence[Item], limits: object, stop: object) -> Iterator[Event]:
        assert callable(stop)
        begun.set()
        while not stop():
            time.sleep(0.01)
        yield from ()

    monkeypatch.setattr(converter_module, "convert_items", convert_items)
    return begun


def settings(farm: TinyFarm, **more: str) -> Settings:
    folder = farm.scratch.root.parent / "farm"
    return Settings.load(
        farm.scratch.root,
        {
            "FARM_STORE_URL": str(folder / "store"),
            "FARM_CACHE": str(folder / "cache"),
            "XDG_DATA_HOME": str(folder),
            **more,
        },
    )


def here(farm: TinyFarm, submitted: Submitted, timeout_s: float | None = 60.0, **more: str) -> list[str]:
    said: list[str] = []
    run_here(
        farm.database, farm.inventory, farm.repository, settings(farm, **more), submitted, Lines(said.append), timeout_s
    )
    return said


def states(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Conversion.state)))


@pytest.mark.usefixtures("converts")
def test_everything_is_converted_replayed_and_said(farm: TinyFarm) -> None:
    submitted = farm.submit()
    said = here(farm, submitted)
    assert [line.partition(" (")[0] for line in said] == [
        "farm: network:wide converted",
        "farm: network:tiny converted",
        "farm: block:Block converted",
    ]
    with farm.database.read() as session:
        summary = summarise(session, farm.inventory, submitted.commit)
    assert summary.counts() == {"numpy": {"SUPPORTED": 3}, "exact": {"SUPPORTED": 3}}
    assert summary.exit_code(finished=True, problems=False) is ExitCode.GOOD
    again = farm.submit(toolchain={})
    assert (again.converting, again.known) == (0, 3)
    assert here(farm, again) == []


@sqlite_only
@pytest.mark.usefixtures("converts")
def test_a_chat_is_told_before_the_command_ends(farm: TinyFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    with Recorder() as server:
        monkeypatch.setenv("FARM_CHAT_URL", server.url)
        submitted = farm.submit()
        here(farm, submitted)
    (posted,) = server.taken
    assert posted.document["text"].splitlines() == [
        f"submission {submitted.submission[:8]}, {submitted.commit[:10]}, is finished: all is good",
        "numpy: 3 SUPPORTED",
        "exact: 3 SUPPORTED",
    ]


@sqlite_only
def test_what_does_not_end_in_time_goes_back_to_the_queue(farm: TinyFarm, hangs: threading.Event) -> None:
    submitted = farm.submit()
    started = time.monotonic()
    with pytest.raises(WaitTimeoutError, match="3 conversions and 0 jobs to go") as caught:
        here(farm, submitted, timeout_s=0.5)
    assert time.monotonic() - started < 20
    assert caught.value.exit_code == ExitCode.TIMED_OUT
    assert hangs.is_set()
    assert states(farm.database) == {"queued"}


@sqlite_only
def test_an_interruption_gives_back_what_was_begun(
    farm: TinyFarm, hangs: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = farm.submit()
    look = Watch.look

    def interrupted(watch: Watch) -> bool:
        if hangs.is_set():
            raise KeyboardInterrupt
        return look(watch)

    monkeypatch.setattr(Watch, "look", interrupted)
    with pytest.raises(KeyboardInterrupt):
        here(farm, submitted)
    assert states(farm.database) == {"queued"}


@sqlite_only
@pytest.mark.usefixtures("converts")
def test_what_a_predecessor_had_begun_is_taken_up(farm: TinyFarm) -> None:
    submitted = farm.submit()
    with farm.database.write() as session:
        for row in session.scalars(select(Conversion)):
            row.state = "running"
    here(farm, submitted)
    assert states(farm.database) == {"done"}


@sqlite_only
@pytest.mark.usefixtures("converts")
def test_a_second_process_waits_while_another_works(farm: TinyFarm) -> None:
    """The other one does the work of both: the queue is one."""
    submitted = farm.submit()
    with LocalTurn(farm.database, settings(farm).data) as other:
        assert other.taken()
        with pytest.raises(WaitTimeoutError):
            here(farm, submitted, timeout_s=0.2)
        assert states(farm.database) == {"queued"}
        farm.convert()
        farm.judge()
        assert here(farm, submitted, timeout_s=10) == []


@sqlite_only
@pytest.mark.usefixtures("converts")
def test_a_store_of_no_kind_ends_it_at_once(farm: TinyFarm) -> None:
    with pytest.raises(UsageError, match="FARM_STORE_URL"):
        here(farm, farm.submit(), FARM_STORE_URL="gopher://store")


@sqlite_only
@pytest.mark.usefixtures("converts")
def test_a_store_that_takes_nothing_ends_it_as_infra(farm: TinyFarm, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    submitted = farm.submit()
    said = here(farm, submitted, FARM_STORE_URL=str(tmp_path / "file"))
    assert len(said) == 3
    assert all("INFRA_ERROR: the artifact store took no bundle: " in line for line in said)
    with farm.database.read() as session:
        summary = summarise(session, farm.inventory, submitted.commit)
    assert summary.exit_code(finished=True, problems=False) is ExitCode.INFRASTRUCTURE
    assert "the artifact store took no bundle" in "\n".join(summary.lines())


def test_waiting_for_others_ends_when_they_are_done(farm: TinyFarm) -> None:
    submitted = farm.submit()

    def others() -> None:
        farm.convert()
        farm.judge()

    timer = threading.Timer(0.3, others)
    timer.start()
    silent = Lines(lambda _: None)
    wait_for(farm.database, farm.inventory, submitted, silent, 60)
    wait_for(farm.database, farm.inventory, submitted, silent, 0)  # it is done, and what is done is not late
    timer.join()


@sqlite_only
def test_waiting_says_from_time_to_time_what_is_left(farm: TinyFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display_module, "LINE_EVERY_S", 0.0)
    monkeypatch.setattr(run_module, "POLL_S", 0.01)
    submitted = farm.submit()
    said: list[str] = []
    with pytest.raises(WaitTimeoutError, match="it goes on where it is picked up"):
        wait_for(farm.database, farm.inventory, submitted, Lines(said.append), 0.3)
    assert said == ["farm: 0 of 3 converted; 9 of unknown length to go"]  # once: nothing changed
    farm.convert()
    said.clear()
    with pytest.raises(WaitTimeoutError):
        wait_for(farm.database, farm.inventory, submitted, Lines(said.append), 0.3)
    waits = "3 wait: no coordinator"
    assert said == [
        f"farm: 3 of 3 converted; numpy: 0 of 3 done ({waits}); exact: 0 of 3 done ({waits}); 6 of unknown length to go"
    ]


@sqlite_only
def test_waiting_says_once_what_would_start_the_work(farm: TinyFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STARTS_S", "CONVERTS_S"):
        monkeypatch.setattr(watch_module, name, 0.0)
    monkeypatch.setattr(display_module, "LINE_EVERY_S", 0.0)
    monkeypatch.setattr(run_module, "POLL_S", 0.01)
    submitted = farm.submit()

    def hints() -> list[str]:
        said: list[str] = []
        with pytest.raises(WaitTimeoutError):
            wait_for(farm.database, farm.inventory, submitted, Lines(said.append), 0.3)
        return [line for line in said if "`" in line]

    assert hints() == ["farm: conversion waits: nobody runs the queue; start a coordinator: `farm coordinator`"]
    Entry(farm.database).renew(utc_now(), None)
    assert hints() == [
        "farm: conversion waits: nobody converts; start a converter, in the repository: `farm converter`"
    ]
    farm.convert()
    assert hints() == [
        f"farm: {device} waits: no unit is there; start a host: `celery -A farm worker -Q device_{device}`"
        for device in ("numpy", "exact")
    ]
