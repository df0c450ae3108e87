"""How far a submission is, step by step, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.database.models import Conversion, Repeat
from farm.planning.cost import CONVERSION, Speeds, read_runs
from farm.progress.reading import read_progress
from farm.progress.stages import Progress, Stage, Work, rests
from farm.protocol import StartedMessage
from farm.submission.record import Submitted
from tests.farm.conftest import Scratch
from tests.farm.rows import START, FakeWire, report
from tests.farm.tinyfarm import BLOCK, TinyFarm, tiny_farm

KEYS = ("network:wide", "network:tiny", "block:Block")


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


def read(farm: TinyFarm, submitted: Submitted, seconds: float = 0.0) -> Progress:
    with farm.database.read() as session:
        return read_progress(session, farm.inventory, submitted, START + timedelta(seconds=seconds), attended=False)


def test_from_the_first_conversion_to_the_last_report(farm: TinyFarm) -> None:
    submitted = farm.submit()
    assert read(farm, submitted) == Progress(Stage(CONVERSION, KEYS), (Stage("numpy"), Stage("exact")))
    with farm.database.write() as session:
        first, second, _ = session.scalars(select(Conversion).order_by(Conversion.priority))
        first.state, second.state = "running", "failed"
    assert read(farm, submitted).conversion == Stage(CONVERSION, KEYS[2:], (Work(KEYS[0], "", 0.0),), 1, 1)
    with farm.database.write() as session:
        for row in session.scalars(select(Conversion)):
            row.state = "queued"
    farm.convert()
    progress = read(farm, submitted)
    waiting = Stage("numpy", KEYS, waits="no coordinator")
    assert progress.conversion == Stage(CONVERSION, done=3)
    assert progress.devices == (waiting, Stage("exact", KEYS, waits="no coordinator"))
    wire = FakeWire()
    dispatch(farm.database, farm.inventory, wire, START)
    message = next(m for m in wire.sent if (m.device_type, m.architecture) == ("numpy", KEYS[0]))
    merge(farm.database, StartedMessage(message.attempt, message.token, "bench-1"), START)
    numpy, exact = read(farm, submitted, 7).devices
    assert (numpy.queued, numpy.under_way) == (KEYS[1:], (Work(KEYS[0], "bench-1", 7.0),))
    assert (exact.queued, exact.under_way) == (KEYS, ())
    merge(farm.database, report(message), START)
    numpy, _ = read(farm, submitted).devices
    assert (numpy.left, numpy.done, numpy.total) == (2, 1, 3)
    for other in wire.sent:
        merge(farm.database, report(other), START)
    farm.judge()
    assert [(s.done, s.left) for s in read(farm, submitted).stages] == [(3, 0)] * 3
    with farm.database.read() as session:
        speeds = Speeds(read_runs(session, farm.inventory))
    assert {rest.seconds for rest in rests(read(farm, submitted), speeds).values()} == {0.0}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_known_already_is_no_work(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    farm.judge()
    assert [stage.total for stage in read(farm, farm.submit(toolchain={})).stages] == [3, 0, 0]
    farm.convert()
    again = farm.submit()
    assert [stage.total for stage in read(farm, again).stages] == [0, 0, 0]
    farm.edit(BLOCK, "channels: int = 8", "channels: int = 9")
    farm.scratch.commit({}, "Widen the block")
    changed = farm.submit(again.commit)
    assert read(farm, changed).conversion.queued == KEYS[1:]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_repeats_are_counted(farm: TinyFarm) -> None:
    submitted = farm.submit()
    farm.convert()
    with farm.database.write() as session:
        row = Repeat(
            conversion_id=1, submission_id=submitted.submission, architecture_id=1, hash_seed=1, state="queued"
        )
        session.add(row)
    assert read(farm, submitted).repeats == 1
