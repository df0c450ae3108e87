"""Seeing that a submission has come to its end: nothing says so, since its conversions and jobs may be others' too."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, Select, exists, select, update
from sqlalchemy.orm import Session

from farm.conversion.states import OPEN_CONVERSIONS
from farm.coordinator.states import OPEN_JOBS
from farm.database.engine import Database
from farm.database.models import Conversion, DeviceType, Job, Repeat, Snapshot, Submission
from farm.errors import ExitCode
from farm.gating.links import PageLinks
from farm.inventory import Inventory
from farm.notifications.kinds import Kind
from farm.notifications.outbox import notify
from farm.settings import from_environment
from farm.summary import summarise

_CONCLUSIONS = {
    ExitCode.GOOD: "all is good",
    ExitCode.BAD_RESULT: "a result is bad",
    ExitCode.INFRASTRUCTURE: "results are lacking",
}


def finish_submissions(database: Database, inventory: Inventory, now: datetime) -> int:
    """Note which submissions have come to their end, and tell others; how many there were."""
    with database.read() as session:
        ended = session.execute(_ended(inventory)).all()
    return sum(_finish(database, inventory, row.id, row.commit, row.branch, now) for row in ended)


def _finish(
    database: Database, inventory: Inventory, submission: str, commit: str, branch: str | None, now: datetime
) -> bool:
    """Whether this process is the one that notes it; raises as :func:`farm.table.build_table`."""
    with database.read() as session:
        detail = _detail(session, inventory, commit, branch)
    with database.write() as session:
        noted = session.execute(
            update(Submission).where(Submission.id == submission, Submission.finished.is_(None)).values(finished=now)
        )
        if not isinstance(noted, CursorResult) or noted.rowcount != 1:
            return False
        if detail["counts"]:  # of one that selected nothing there is nothing to tell
            notify(session, Kind.SUBMISSION_FINISHED, submission, detail, now)
    return True


def _detail(session: Session, inventory: Inventory, commit: str, branch: str | None) -> dict[str, object]:
    summary = summarise(session, inventory, commit)
    code = summary.exit_code(finished=True, problems=False)
    return {
        "commit": commit,
        "branch": branch,
        "conclusion": _CONCLUSIONS[code],
        "exit_code": int(code),
        "counts": summary.counts(),
        "url": PageLinks(from_environment("FARM_PAGES_URL")).of_commit(commit),
    }


def _ended(inventory: Inventory) -> Select[str, str, str | None]:
    return (
        select(Submission.id, Submission.commit, Submission.branch)
        .where(Submission.finished.is_(None), *_nothing_left(inventory))
        .order_by(Submission.created, Submission.id)
    )


def _nothing_left(inventory: Inventory) -> list[ColumnElement[bool]]:
    """As :func:`farm.submission.remaining` counts it, of whatever submission the query is on."""
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
