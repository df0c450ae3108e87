"""Seeing that a submission has come to its end: nothing says so, since its conversions and jobs may be others' too."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, Select, exists, select, update
from sqlalchemy.orm import Session

from farm.database.engine import Database
from farm.database.models import Conversion, DeviceType, Job, Repeat, Snapshot, Submission
from farm.database.outbox import notify
from farm.errors import ExitCode
from farm.gating.links import PageLinks
from farm.inventory import Inventory
from farm.settings import from_environment
from farm.states.conversions import OPEN_CONVERSIONS
from farm.states.jobs import OPEN_JOBS
from farm.states.notifications import Kind
from farm.submission.summary import fruitless_jobs, summarise

_CONCLUSIONS = {
    ExitCode.GOOD: "all is good",
    ExitCode.BAD_RESULT: "a result is bad",
    ExitCode.INFRASTRUCTURE: "results are lacking",
}


def finish_submissions(database: Database, inventory: Inventory, now: datetime) -> int:
    """Note which submissions have come to their end, and tell others; how many there were."""
    with database.read() as session:
        ended = session.scalars(_ended(inventory)).all()
    return sum(_finish(database, inventory, submission, now) for submission in ended)


def _finish(database: Database, inventory: Inventory, submission: Submission, now: datetime) -> bool:
    """Whether this process is the one that notes it; raises as :func:`farm.table.table.build_table`."""
    detail: dict[str, object] = {}
    if submission.devices is None:  # a narrow one is a tool's, which waits for it
        with database.read() as session:
            detail = _detail(session, inventory, submission)
    unnoted = (Submission.id == submission.id) & Submission.finished.is_(None)
    with database.write() as session:
        noted = session.execute(update(Submission).where(unnoted).values(finished=now))
        if not isinstance(noted, CursorResult) or noted.rowcount != 1:
            return False
        if detail.get("counts"):  # of one that selected nothing there is nothing to tell
            notify(session, Kind.SUBMISSION_FINISHED, submission.id, detail, now)
    return True


def _detail(session: Session, inventory: Inventory, submission: Submission) -> dict[str, object]:
    commit = submission.commit
    summary = summarise(session, inventory, commit)
    code = summary.exit_code(finished=True, problems=False, fruitless=fruitless_jobs(session, submission.id))
    return {
        "commit": commit,
        "branch": submission.branch,
        "conclusion": _CONCLUSIONS[code],
        "exit_code": int(code),
        "counts": summary.counts(),
        "url": PageLinks(from_environment("FARM_PAGES_URL")).of_commit(commit),
    }


def _ended(inventory: Inventory) -> Select[Submission]:
    return (
        select(Submission)
        .where(Submission.finished.is_(None), *_nothing_left(inventory))
        .order_by(Submission.created, Submission.id)
    )


def _nothing_left(inventory: Inventory) -> list[ColumnElement[bool]]:
    """As :func:`farm.submission.record.remaining` counts it, of whatever submission the query is on."""
    bundles = select(Snapshot.bundle).where(Snapshot.commit == Submission.commit).correlate(Submission)
    return [
        ~exists().where(Conversion.commit == Submission.commit, Conversion.state.in_(OPEN_CONVERSIONS)),
        ~exists()
        .where(Job.device_type_id == DeviceType.id, DeviceType.name.in_(inventory.devices))
        .where(Job.bundle.in_(bundles), Job.state.in_(OPEN_JOBS)),
        ~exists()
        .where(Repeat.conversion_id == Conversion.id, Conversion.commit == Submission.commit)
        .where(Repeat.state.in_(OPEN_CONVERSIONS)),
    ]
