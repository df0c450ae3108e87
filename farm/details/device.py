"""The record of one device type: its units and their stacks, what waits for it and why, what it did, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.details.days import Day, read_days
from farm.inventory import DeviceType, Inventory
from farm.reading.device_list import ListedDevice, list_devices
from farm.reading.fixes import Fix, lacks_of, ranked
from farm.reading.job_list import JobList, list_jobs
from farm.table.table import build_table
from workers.policy import Policy
from workers.stack import stack_changes

#: Jobs that are shown.
JOBS = 20


@dataclass(frozen=True, slots=True)
class PresentStack:
    """A fingerprint, and the units that have it now; ``differs`` is how it differs from the first one that is named."""

    fingerprint: Mapping[str, str]
    units: tuple[str, ...]
    since: datetime
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """All of one device type. ``lacks`` is what the table of ``commit`` says, ``unexplained`` how many cells are not green
    for another reason; without a commit nothing is known of that.
    """

    listed: ListedDevice
    configured: DeviceType
    policy: Policy
    stacks: tuple[PresentStack, ...]
    jobs: JobList
    days: tuple[Day, ...]
    commit: str | None
    lacks: tuple[Fix, ...]
    unexplained: int


def read_device(
    session: Session, inventory: Inventory, name: str, now: datetime, *, attended: bool, commit: str | None
) -> DeviceRecord:
    """The record of a device type of the inventory; ``attended`` as in :class:`farm.coordinator.situations.Situations`.

    Raises:
        NotFoundError: the inventory has none of that name; suggests near ones.
    """
    configured = inventory.device(name)
    alone = inventory.model_copy(update={"devices": {name: configured}})
    (listed,) = list_devices(session, alone, now, attended=attended)
    ids = session.scalars(select(db.Device.id).where(db.Device.device_type == name)).all()
    lacks = lacks_of(build_table(session, commit, alone)) if commit is not None else None
    return DeviceRecord(
        listed=listed,
        configured=configured,
        policy=inventory.policy_of(name),
        stacks=_stacks(session, name, configured.configuration),
        jobs=list_jobs(session, inventory, now, attended=attended, device=name, limit=JOBS),
        days=read_days(session, ids, now),
        commit=commit,
        lacks=tuple(ranked(lacks.blocked)) if lacks else (),
        unexplained=lacks.unexplained if lacks else 0,
    )


def _stacks(session: Session, name: str, configuration: str) -> tuple[PresentStack, ...]:
    """The stacks that units have in the present configuration, that of most units first."""
    query = (
        select(db.Stack.hash, db.Stack.fingerprint, db.Device.unit, db.UnitStack.since)
        .join(db.UnitStack, db.UnitStack.stack == db.Stack.hash)
        .join(db.Device, db.UnitStack.device_id == db.Device.id)
        .join(db.DeviceType, db.UnitStack.device_type_id == db.DeviceType.id)
        .where(db.DeviceType.name == name, db.DeviceType.configuration == configuration)
        .order_by(db.Device.unit)
    )
    found: dict[str, list[tuple[Mapping[str, str], str, datetime]]] = {}
    for key, fingerprint, unit, since in session.execute(query):
        found.setdefault(key, []).append((fingerprint, unit, since))
    ordered = sorted(found.values(), key=lambda rows: (-len(rows), rows[0][1]))
    return tuple(
        PresentStack(
            rows[0][0],
            tuple(unit for _, unit, _ in rows),
            min(since for _, _, since in rows),
            stack_changes(ordered[0][0][0], rows[0][0]),
        )
        for rows in ordered
    )
