"""The attempts that a batch of messages is about: read at once, moved on in memory, and written at once.

While the batch is open nobody else moves them: it belongs to a transaction that has its turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session, aliased

from farm.coordinator.entries import Entry, enter_reports
from farm.coordinator.moves import Move, make_moves
from farm.database.among import among
from farm.database.models import Attempt, Device, DeviceType, Event, Job
from farm.database.models.base import table_of
from farm.database.records import MAX_UNIT, clipped, record_unit
from farm.database.statements import Answer, Statement, ask, put
from farm.states.health import Health
from farm.states.jobs import AttemptState, JobState
from farm.units.conduct import Conduct, enter_conduct
from farm.units.stacks import hear_stacks
from farm.verdicts.redecide import Judged
from workers.outcome import Outcome

_named = aliased(Attempt)
#: All attempts of the jobs of those that are named: whether a job is tried again depends on all of them.
_ATTEMPTS = Statement(
    select(
        Attempt.id, Attempt.job_id, Attempt.n, Attempt.token, Attempt.nonce, Attempt.state, Attempt.outcome,
        Job.state.label("job_state"), Job.bundle, Job.device_type_id, Job.policy, Job.addressed_id.label("asked_of"),
        Job.probe_id, DeviceType.name, DeviceType.limits,
    )
    .join(Job, Attempt.job_id == Job.id)
    .join(DeviceType, Job.device_type_id == DeviceType.id)
    .where(Attempt.job_id.in_(select(_named.job_id).where(among(_named.id, "attempts"))))
    .order_by(Attempt.n)
)  # fmt: skip
#: Of all types: which the attempts are for is asked at the same time.
_UNITS = Statement(
    select(Device.device_type, Device.unit, Device.id, Device.health, Device.probation).where(
        Device.device_type.in_(select(DeviceType.name)), among(Device.unit, "units")
    )
)
_BEGIN = Statement(
    update(table_of(Attempt))
    .where(Attempt.id == bindparam("attempt"))
    .values(state=AttemptState.RUNNING, finished=None, lease_until=bindparam("lease"), device_id=bindparam("unit"))
)
_ABANDON = Statement(
    update(table_of(Attempt))
    .where(Attempt.id == bindparam("attempt"))
    .values(state=AttemptState.ABANDONED, finished=bindparam("now"))
)
_EVENTS = Statement(insert(table_of(Event)))


@dataclass(slots=True)
class JobNow:
    """A job as it stands, with all its attempts; ``device_type`` is the name, ``limit_s`` what an attempt may take.

    ``was`` is the state that it was read in, ``asked`` whether it is for one unit, to tell the cause of a regression. That of a
    ``probe`` judges no bundle.
    """

    id: int
    judged: Judged
    asked: bool
    device_type: str
    limit_s: float
    was: JobState
    state: JobState
    probe: int | None = None
    attempts: list[AttemptNow] = field(default_factory=list)


@dataclass(slots=True)
class AttemptNow:
    """An attempt as it stands."""

    id: str
    job: JobNow
    n: int
    token: str
    nonce: str
    state: AttemptState
    outcome: Outcome | None


class Batch:
    """Some attempts, and what is to be written of them.

    Args:
        session: whose transaction has its turn.
        attempts: ids that messages name.
        units: names of units that say so.
        now: the coordinator's clock.
    """

    def __init__(self, session: Session, attempts: Collection[str], units: Iterable[str], now: datetime) -> None:
        self._session = session
        found = ask(session, _ATTEMPTS, {"attempts": attempts})
        heard = ask(session, _UNITS, {"units": {clipped(unit, MAX_UNIT) for unit in units}})
        self.attempts = _read(found)
        self._known = _conducts(heard, now)
        self._units: dict[tuple[str, str], Conduct] = {}
        self._begun: list[dict[str, Any]] = []
        self._abandoned: list[dict[str, Any]] = []
        self._entries: list[Entry] = []
        self._moves: dict[int, Move] = {}
        self._heard: dict[tuple[int, int], tuple[str, datetime]] = {}
        self._events: list[dict[str, Any]] = []
        #: What is to be judged anew, and as of when.
        self.judged: dict[Judged, datetime] = {}
        #: Of these, what somebody waits for to tell the cause of a regression.
        self.asked: set[Judged] = set()
        #: Probes that something was observed for, and jobs that came to their end, and when.
        self.probed: set[int] = set()
        self.done: dict[int, tuple[JobNow, datetime]] = {}

    def unit(self, device_type: str, name: str, now: datetime) -> Conduct:
        """The unit of that name, whose row is made where it is new; it was heard of ``now``."""
        name = clipped(name, MAX_UNIT)
        unit = self._units.get((device_type, name))
        if unit is None:
            unit = self._known.get((device_type, name)) or self._new_unit(device_type, name, now)
            self._units[device_type, name] = unit
        unit.seen = now
        return unit

    def begin(self, attempt: AttemptNow, unit: Conduct, lease_until: datetime) -> None:
        """A unit has begun it; one that had been given up is under way again."""
        attempt.state = AttemptState.RUNNING
        self._begun.append({"attempt": attempt.id, "lease": lease_until, "unit": unit.device_id})

    def abandon(self, attempt: AttemptNow, now: datetime) -> None:
        """Its job was cancelled meanwhile: what it reported is dropped."""
        attempt.state = AttemptState.ABANDONED
        self._abandoned.append({"attempt": attempt.id, "now": now})

    def enter(self, attempt: AttemptNow, entry: Entry) -> None:
        """It is reported."""
        attempt.state, attempt.outcome = AttemptState.REPORTED, entry.report.outcome
        self._entries.append(entry)
        judged = attempt.job.judged
        if entry.stack is not None:
            self._heard[judged.device_type_id, entry.device_id] = entry.stack, entry.finished
        if attempt.job.probe is None:
            self.judged[judged] = entry.finished
        else:
            self.probed.add(attempt.job.probe)
        if attempt.job.asked:
            self.asked.add(judged)

    def move(
        self, job: JobNow, sources: tuple[JobState, ...], target: JobState, now: datetime, reason: str = ""
    ) -> None:
        """Move a job, if it is in one of ``sources``."""
        if job.state in sources:
            job.state = target
            if target is JobState.DONE:
                self.done[job.id] = job, now
            self._moves[job.id] = Move(job.id, job.was, target, now, reason)

    def note(self, kind: str, subject: str, now: datetime, **detail: object) -> None:
        """A line of the audit log."""
        self._events.append({"at": now, "kind": kind, "subject": subject, "detail": detail})

    def write(self) -> None:
        """Write all of it but the verdicts."""
        put(self._session, _BEGIN, self._begun)
        put(self._session, _ABANDON, self._abandoned)
        enter_reports(self._session, self._entries)
        hear_stacks(self._session, self._heard)
        # A job that was moved twice goes to where it is at last, at once; one that came back is where it was.
        make_moves(self._session, [move for move in self._moves.values() if move.target is not move.source])
        put(self._session, _EVENTS, self._events)
        enter_conduct(self._session, self._units.values())

    def _new_unit(self, device_type: str, name: str, now: datetime) -> Conduct:
        return Conduct(record_unit(self._session, device_type, name, now).id, name, Health.UNKNOWN, 0, now)


def _conducts(heard: Answer, now: datetime) -> dict[tuple[str, str], Conduct]:
    return {
        (row.device_type, row.unit): Conduct(row.id, row.unit, Health(row.health), row.probation, now)
        for row in heard.rows
    }


def _read(answer: Answer) -> dict[str, AttemptNow]:
    jobs: dict[int, JobNow] = {}
    found: dict[str, AttemptNow] = {}
    for row in answer.rows:
        job = jobs.get(row.job_id)
        if job is None:
            judged = Judged(row.bundle, row.device_type_id, row.policy)
            limit_s = float(row.limits["time_s"])
            state = JobState(row.job_state)
            asked = row.asked_of is not None
            job = JobNow(row.job_id, judged, asked, row.name, limit_s, state, state, row.probe_id)
            jobs[row.job_id] = job
        outcome = Outcome(row.outcome) if row.outcome else None
        attempt = AttemptNow(row.id, job, row.n, row.token, row.nonce, AttemptState(row.state), outcome)
        job.attempts.append(attempt)
        found[attempt.id] = attempt
    return found
