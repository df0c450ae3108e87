"""The figures of the metrics, read from the database in a handful of queries that indices answer.

What would take reading every attempt that ever was is read of the last day alone: a scrape must not cost more each year.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.coordinator.roster import HEARD_WITHIN
from farm.database.engine import SCHEMA_VERSION
from farm.database.models import (
    Attempt,
    Conversion,
    CoordinatorRow,
    Device,
    DeviceType,
    Incident,
    Job,
    Outbox,
    Regression,
)
from farm.database.outbox import OutboxState
from farm.metrics import names
from farm.metrics.names import Metric
from farm.states.conversions import OPEN_CONVERSIONS, ConversionState
from farm.states.jobs import AttemptState, JobState
from farm.states.wait_reason import BrokerState
from farm.units.presence import is_online

DAY = timedelta(days=1)
#: Of conversions that gave a bundle.
CONVERTED = "CONVERTED"


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of a metric; the values of its labels are in the order of their names."""

    labels: tuple[str, ...]
    value: float


Figures = Mapping[Metric, tuple[Sample, ...]]


def read_figures(session: Session, devices: Iterable[str], version: str, now: datetime) -> Figures:
    """All metrics at ``now``; of each of ``devices`` (those of the inventory) there is a figure, be it 0."""
    return {
        names.INFO: (Sample((version, SCHEMA_VERSION), 1.0),),
        **_jobs(session, tuple(devices), now),
        **_attempts(session, now),
        names.UNITS: tuple(_units(session, now)),
        **_conversions(session, now),
        **_coordinators(session, now),
        **_outbox(session, now),
        **_misses(session),
        names.REGRESSIONS: tuple(_regressions(session, tuple(devices))),
    }


def _jobs(session: Session, devices: tuple[str, ...], now: datetime) -> Figures:
    by_type = select(DeviceType.name, Job.state, func.count()).select_from(Job).join(DeviceType)
    counted = {(d, s): n for d, s, n in session.execute(by_type.group_by(DeviceType.name, Job.state))}
    waiting = Job.state.in_([JobState.QUEUED, JobState.DISPATCHED])
    oldest = select(DeviceType.name, func.min(Job.created)).select_from(Job).join(DeviceType).where(waiting)
    ages = {
        device: max(0.0, (now - created).total_seconds())
        for device, created in session.execute(oldest.group_by(DeviceType.name))
    }
    known = sorted({*devices, *(device for device, _ in counted)})
    return {
        names.JOBS: tuple(Sample((d, s.value), counted.get((d, s.value), 0)) for d in known for s in JobState),
        names.OLDEST: tuple(Sample((d,), ages.get(d, 0.0)) for d in known),
    }


def _attempts(session: Session, now: datetime) -> Figures:
    """Attempts that were judged again ran nothing, and count nowhere."""
    count = select(func.count()).select_from(Attempt)
    reported = session.scalar(count.where(Attempt.state == AttemptState.REPORTED)) or 0
    again = session.scalar(count.where(Attempt.rejudged.is_not(None))) or 0
    lately = (
        select(DeviceType.name, Attempt.state, Attempt.outcome, func.count())
        .select_from(Attempt)
        .join(Job, Attempt.job_id == Job.id)
        .join(DeviceType, Job.device_type_id == DeviceType.id)
        .where(Attempt.dispatched > now - DAY, Attempt.rejudged.is_(None))
        .group_by(DeviceType.name, Attempt.state, Attempt.outcome)
    )
    outcomes: dict[tuple[str, ...], int] = {}
    lost: dict[tuple[str, ...], int] = {}
    for device, state, outcome, number in session.execute(lately):
        if state == AttemptState.REPORTED and outcome is not None:
            outcomes[device, outcome] = number
        elif state in (AttemptState.LOST, AttemptState.UNCLAIMED):
            lost[device,] = lost.get((device,), 0) + number
    return {
        names.REPORTS: (Sample((), reported - again),),
        names.ATTEMPTS: _in_order(outcomes),
        names.LOST: _in_order(lost),
    }


def _units(session: Session, now: datetime) -> Iterator[Sample]:
    counted: dict[tuple[str, ...], int] = {}
    for device in session.scalars(select(Device)):
        key = (device.device_type, device.health, "yes" if is_online(device, now) else "no")
        counted[key] = counted.get(key, 0) + 1
    return iter(_in_order(counted))


def _conversions(session: Session, now: datetime) -> Figures:
    by_state = select(Conversion.state, func.count()).where(Conversion.state.in_(OPEN_CONVERSIONS))
    open_ones = {row[0]: row[1] for row in session.execute(by_state.group_by(Conversion.state))}
    ended = (
        select(Conversion.outcome, func.count(), func.coalesce(func.sum(Conversion.seconds), 0.0))
        .where(
            Conversion.claimed > now - DAY,
            Conversion.state.in_([ConversionState.DONE, ConversionState.FAILED]),
        )
        .group_by(Conversion.outcome)
    )
    rows = [(outcome or CONVERTED, number, seconds) for outcome, number, seconds in session.execute(ended)]
    return {
        names.CONVERSIONS_OPEN: tuple(Sample((s.value,), open_ones.get(s.value, 0)) for s in OPEN_CONVERSIONS),
        names.CONVERSIONS: tuple(Sample((outcome,), number) for outcome, number, _ in sorted(rows)),
        names.CONVERSION_SECONDS: tuple(Sample((outcome,), seconds or 0.0) for outcome, _, seconds in sorted(rows)),
    }


def _coordinators(session: Session, now: datetime) -> Figures:
    rows = session.scalars(select(CoordinatorRow)).all()
    running = [row for row in rows if row.seen >= now - HEARD_WITHIN]
    seen = max((row.seen for row in rows), default=None)
    return {
        names.COORDINATORS: (Sample((), len(running)),),
        names.COORDINATOR_SEEN: (Sample((), max(0.0, (now - seen).total_seconds())),) if seen else (),
        names.BROKER_USABLE: (Sample((), any(row.broker == BrokerState.USABLE for row in running)),),
    }


def _outbox(session: Session, now: datetime) -> Figures:
    """What others are to be told; what they have taken is no matter of anybody's any more."""
    shown = (OutboxState.WAITING, OutboxState.GIVEN_UP)
    counted = select(Outbox.state, func.count()).where(Outbox.state.in_(shown)).group_by(Outbox.state)
    numbers = {row[0]: row[1] for row in session.execute(counted)}
    oldest = session.scalar(select(func.min(Outbox.at)).where(Outbox.state == OutboxState.WAITING))
    age = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return {
        names.OUTBOX: tuple(Sample((state.value,), numbers.get(state.value, 0)) for state in shown),
        names.OUTBOX_OLDEST: (Sample((), age),),
    }


def _misses(session: Session) -> Figures:
    count = select(func.count()).select_from(Incident)
    return {
        names.MISSES: (Sample((), session.scalar(count) or 0),),
        names.MISSES_OPEN: (Sample((), session.scalar(count.where(Incident.fixed.is_(None))) or 0),),
    }


def _regressions(session: Session, devices: tuple[str, ...]) -> Iterator[Sample]:
    """Open ones, also of a configuration or policy that the inventory no longer has."""
    counted = select(DeviceType.name, func.count()).select_from(Regression).join(DeviceType)
    still = counted.where(Regression.closed.is_(None)).group_by(DeviceType.name)
    numbers = {row[0]: row[1] for row in session.execute(still)}
    return (Sample((device,), numbers.get(device, 0)) for device in sorted({*devices, *numbers}))


def _in_order(counted: Mapping[tuple[str, ...], int]) -> tuple[Sample, ...]:
    return tuple(Sample(labels, number) for labels, number in sorted(counted.items()))
