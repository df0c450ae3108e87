"""Three units on one queue, two of them faulty, with a coordinator: a unit's failure is not the product's."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.clock import utc_now
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.loop import Coordinator
from farm.database.engine import Database
from farm.database.models import Architecture, Attempt, Bundle, Commit, Device, HealthEvent, Job, Sample, Submission
from farm.database.models import Verdict as VerdictRow
from farm.inventory import Inventory
from farm.states.health import Change, Health
from farm.states.jobs import JobState
from farm.states.verdict import Verdict
from farm.wires.celery import CeleryWire
from tests.farm.databases import INVENTORY
from tests.farm.hosts import Host, make_host
from tests.farm.real_hosts import running, wait
from tests.farm.rows import sha256
from tests.servers import redis_server
from tests.workers.bundles import SIZES, branched
from workers.artifacts import open_store, push_bundle
from workers.outcome import Cause, Outcome

OFTEN = {"FARM_HEARTBEAT_S": "0.3"}


@pytest.fixture
def inventory() -> Inventory:
    devices = {"numpy": {"driver": "numpy", "policy": "fp32", "units": 3, "limits": {"time_s": 60}}}
    return Inventory.model_validate({**INVENTORY, "devices": devices, "health": {"recheck_s": 0}})


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'farm.sqlite')}")
    yield made
    made.close()


def submit(database: Database, inventory: Inventory, host: Host, folder: Path, names: list[str]) -> None:
    """A job for a real bundle in the host's store, for each name."""
    now = utc_now()
    with database.write() as session:
        if session.get(Commit, "c1") is None:
            session.add(Commit(key="c1", sha="c1", dirty=False, subject="s", date=now, recorded=now))
            session.flush()
        submission = Submission(id=sha256("".join(names))[:32], commit="c1", base=None, created=now)
        session.add(submission)
        session.flush()
        for priority, name in enumerate(names):
            identity = branched(metadata={"name": name}).write(folder / name)
            manifest = push_bundle(open_store(str(host.store)), folder / name)
            architecture = Architecture(name=name, kind="network")
            samples = [Sample(name=f"{h}x{w}", position=n) for n, (_, h, w) in enumerate(SIZES)]
            hashes = {"graph": identity, "weights": "w", "samples": "s", "manifest": manifest}
            more = {"size_bytes": 1, "parts": {}, "layers": [], "ops": [], "toolchain": {}}
            session.add(Bundle(identity=identity, created=now, sample_rows=samples, **hashes, **more))
            session.add(architecture)
            session.flush()
            want_verdicts(session, inventory, submission, architecture.id, identity, priority, now)


@contextmanager
def coordinating(database: Database, inventory: Inventory, broker: str) -> Iterator[None]:
    over = threading.Event()
    with CeleryWire(broker) as wire:
        thread = threading.Thread(target=Coordinator(database, inventory, wire).run, args=(over.is_set,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(30)


def health(database: Database, unit: str) -> str | None:
    with database.read() as session:
        return session.scalar(select(Device.health).where(Device.unit == unit))


def settled(database: Database, *units: str) -> bool:
    """Whether each of the units takes attempts or has been found out, and none waits for a check."""
    return all(health(database, unit) in (Health.GOOD, Health.BAD) for unit in units)


def said(database: Database) -> str:
    with database.read() as session:
        events = session.scalars(select(HealthEvent)).all()
        attempts = session.execute(select(Attempt.job_id, Attempt.state, Attempt.outcome, Attempt.device_id)).all()
        return "\n".join([*(f"{e.device_id} {e.change} {e.reason}" for e in events), *map(str, attempts)])


def all_done(database: Database) -> bool:
    with database.read() as session:
        return set(session.scalars(select(Job.state))) == {JobState.DONE}


@pytest.mark.server
@pytest.mark.timeout(300)
def test_what_is_a_units_own_is_not_the_products(database: Database, inventory: Inventory, tmp_path: Path) -> None:
    """``breaks`` dies at its first attempt and is broken from then on; ``lies`` has a flipped bit that no canary can see."""
    host = make_host(tmp_path)
    faults = {
        "breaks": [{"name": "breaks_down", "marker": str(tmp_path / "broken")}],
        "lies": ["bit_flip_weight"],
        "sound": [],
    }
    with ExitStack() as stack:
        broker = stack.enter_context(redis_server(tmp_path))
        stack.enter_context(coordinating(database, inventory, broker))
        for unit, own in faults.items():
            (tmp_path / unit).mkdir()
            at = replace(host, settings=replace(host.settings, unit=unit))
            more = {**OFTEN, "UNIT_FAULTS": json.dumps(own)}
            stack.enter_context(running(at, tmp_path / unit, broker, more, "tests.farm.faulty_unit"))
        # Nobody works before it has passed a check.
        wait(lambda: settled(database, *faults), 60, lambda: said(database))
        # The one is found out by the check after its error, the other by its siblings, and comes back on probation.
        for wave in range(4):
            submit(database, inventory, host, tmp_path, [f"{wave}-{n}" for n in range(3)])
            wait(lambda: all_done(database), 120, lambda: said(database))
            wait(lambda: settled(database, *faults), 60, lambda: said(database))
            if {health(database, "lies"), health(database, "breaks")} == {Health.BAD}:
                break
    with database.read() as session:
        assert set(session.scalars(select(VerdictRow.verdict))) == {Verdict.SUPPORTED}
        units = {device.id: device.unit for device in session.scalars(select(Device))}
        failed = session.scalars(select(Attempt).where(Attempt.outcome != Outcome.PASS)).all()
        assert {(units[a.device_id or 0], a.outcome, a.cause) for a in failed} == {
            ("breaks", Outcome.INFRA_ERROR, Cause.DEVICE_UNIT),
            ("lies", Outcome.MISMATCH, Cause.DEVICE_UNIT),
        }
        history = {
            unit: [e.change for e in session.scalars(select(HealthEvent).join(Device).where(Device.unit == unit))]
            for unit in faults
        }
    assert history["breaks"] == [Change.CHECK_PASSED, Change.TROUBLED, Change.CHECK_FAILED]
    first, *others = history["lies"]  # it may have taken more than one job before the first was confirmed elsewhere
    assert first == Change.CHECK_PASSED
    assert set(others) <= {Change.CHECK_PASSED, Change.SUSPECTED}
    assert others.count(Change.SUSPECTED) >= 2
    assert history["sound"] == [Change.CHECK_PASSED]
