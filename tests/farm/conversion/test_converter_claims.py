"""Which conversions a converter takes, for how long they are its own, and what of them still counts when it has ended them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from farm.conversion import converter as converter_module
from farm.conversion.converter import Converter
from farm.conversion.wire import Event, Item, Result
from farm.database.claims import BATCH
from farm.database.models import Conversion, Job
from tests.acceptance.tiny import FILES
from tests.farm.conversion.converting import conversions, copying, make, played, states
from tests.farm.rows import START, submit
from tests.farm.tinyfarm import SMALL, TinyFarm
from workers.outcome import Cause, Outcome


def test_new_urgent_conversions_pass_old_ones_over_four_batches_at_most(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[list[str]] = []

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        batches.append([item.key for item in items])
        yield from copying(bundle)(source, items)

    played(monkeypatch, child)
    farm.submit()
    with farm.database.write() as session:
        session.execute(update(Conversion).values(priority=Conversion.priority + 100))
    converter = make(farm)
    for stride in range(2, 8):
        farm.scratch.commit({SMALL: FILES[SMALL].replace("Conv2d(3, 16, 3)", f"Conv2d(3, 16, 3, stride={stride})")})
        farm.submit("HEAD~1", now=START + timedelta(minutes=stride))
        converter.step()
    assert batches == [["network:wide"]] * 4 + [["network:wide", "network:tiny", "block:Block"]] + [["network:wide"]]


def test_one_batch_is_of_one_commit_and_the_most_urgent_first(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm.submit()
    submit(farm.database, farm.inventory, [f"net{n}" for n in range(BATCH + 2)], "c1", state="queued")
    batches: list[list[str]] = []

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        batches.append([item.key for item in items])
        yield from copying(bundle)(source, items)

    played(monkeypatch, child)
    monkeypatch.setattr(converter_module, "CommitSource", lambda *_: Anything())
    worker = make(farm)
    while worker.step():
        pass
    assert sorted(map(len, batches)) == [2, 3, BATCH]
    assert [batch for batch in batches if "network:wide" in batch] == [["network:wide", "network:tiny", "block:Block"]]
    assert all(len({key.startswith("network:net") for key in batch}) == 1 for batch in batches)


class Anything:
    """A source that is there whatever the commit."""

    def export(self, folder: Path) -> Path:
        return folder


def test_two_converters_share_the_work(farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"net{n}" for n in range(3 * BATCH)]
    submit(farm.database, farm.inventory, names, "c1", state="queued")
    monkeypatch.setattr(converter_module, "CommitSource", lambda *_: Anything())
    converted: list[str] = []
    barrier = threading.Barrier(2)

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        if len(converted) < 2 * BATCH:
            barrier.wait(20)  # both have claimed before either is done
        for event in copying(bundle)(source, items):
            if isinstance(event, Result):
                converted.append(event.key)
            yield event

    played(monkeypatch, child)
    workers = [make(farm), make(farm)]
    errors: list[BaseException] = []

    def work(worker: Converter) -> None:
        try:
            worker.step()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(converted) == len(set(converted)) == 2 * BATCH
    assert sorted(states(farm.database).values()) == ["done"] * 2 * BATCH + ["queued"] * BATCH


def test_an_expired_lease_is_taken_over_and_a_living_one_is_not(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, copying(bundle))
    farm.submit()
    now = datetime.now(UTC)
    with farm.database.write() as session:
        for row in session.scalars(select(Conversion)):
            row.state, row.lease_until = (
                "running",
                now + timedelta(minutes=1 if row.architecture.name == "wide" else -1),
            )
    assert make(farm).step()
    assert states(farm.database) == {"wide": "running", "tiny": "done", "Block": "done"}
    assert not make(farm).step()


def test_while_a_batch_is_under_way_its_lease_is_renewed(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases: list[datetime | None] = []

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        for event in copying(bundle)(source, items):
            leases.append(conversions(farm.database)["Block"].lease_until)
            yield event

    played(monkeypatch, child)
    farm.submit()
    make(farm).step()
    known = [lease for lease in leases if lease is not None]
    assert len(known) == 6
    assert known == sorted(set(known))
    assert known[0] > datetime.now(UTC) + timedelta(seconds=600)


def test_what_is_stopped_goes_back_to_the_queue(farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = False

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        nonlocal stopped
        stopped = True
        yield from copying(bundle)(source, items[:1])

    played(monkeypatch, child)
    farm.submit()
    make(farm).step(stop=lambda: stopped)
    assert states(farm.database) == {"wide": "done", "tiny": "queued", "Block": "queued"}
    make(farm).run(lambda: True)  # told to stop before it began: it claims nothing
    assert sorted(states(farm.database).values()) == ["done", "queued", "queued"]


def test_a_conversion_that_ends_after_a_newer_commit_came_brings_no_work(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bundle stands at its own commit; the jobs on it are superseded."""
    farm.submit(branch="main")
    newer: list[str] = []

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        if not newer:
            farm.edit(SMALL, "self.conv = Conv2d(3, 16, 3)", "self.conv = Conv2d(3, 16, 1)")
            newer.append(farm.scratch.commit({}, "Another kernel"))
            farm.submit(branch="main", now=START + timedelta(minutes=1))
        yield from copying(bundle)(source, items)

    played(monkeypatch, child)
    assert make(farm).step()
    with farm.database.read() as session:
        assert set(session.scalars(select(Job.state))) == {"superseded"}
        assert set(session.scalars(select(Job.reason))) == {f"superseded by {newer[0][:10]} on main"}
        done = session.scalars(select(Conversion).where(Conversion.state == "done")).all()
        assert {c.commit for c in done} == {farm.scratch.git("rev-parse", "HEAD~1")}
    assert make(farm).step()
    with farm.database.read() as session:
        assert set(session.scalars(select(Job.state))) == {"superseded", "queued"}


def test_a_late_failure_does_not_undo_what_another_converter_has_done(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is silent for so long that its lease runs out."""
    farm.submit()
    commit = farm.scratch.git("rev-parse", "HEAD")

    def silent(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        with farm.database.write() as session:
            for row in session.scalars(select(Conversion)):
                row.lease_until = datetime.now(UTC) - timedelta(seconds=1)
        played(monkeypatch, copying(bundle))
        make(farm).step()
        for item in items:
            yield Result(item.key, 0.1, Outcome.CONVERT_FAILED, Cause.UNKNOWN, "too late")

    played(monkeypatch, silent)
    make(farm).step()
    assert set(states(farm.database).values()) == {"done"}
    assert all(s.bundle for s in farm.snapshots(commit).values())
