"""Who else wants what one submission does not want any more: a job or conversion that two asked for is there once.

Of what is chosen, whatever a later submission found there when it wanted it becomes that one's, the first one's of several.
There are as many queries for many as for one, but for those that hand over.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session, aliased

from farm.database.models import Conversion, Event, Job, Snapshot, Submission

CANCELLED = "submission cancelled"
_BATCH = 500
_Later = aliased(Submission)
Some = Select[Any]


def hand_over_jobs(session: Session, chosen: ColumnElement[bool], without: Some | None = None) -> int:
    """Give the chosen jobs to their heirs, but none to a submission whose id is in ``without``; how many have one."""
    return _hand_over(session, Job, Snapshot.bundle == Job.bundle, chosen, without)


def hand_over_conversions(session: Session, chosen: ColumnElement[bool], without: Some | None = None) -> int:
    """The same for conversions, which submissions of the same commit share."""
    return _hand_over(session, Conversion, Snapshot.commit == Conversion.commit, chosen, without)


def cancelled() -> Some:
    """Ids of the submissions that were cancelled: they want nothing."""
    return select(Event.subject).where(Event.kind == CANCELLED)


def _wanting(without: Some | None) -> list[ColumnElement[bool]]:
    wants: list[ColumnElement[bool]] = [
        Snapshot.selected.is_(True),
        _Later.created >= Submission.created,
        _Later.id != Submission.id,
        _Later.id.not_in(cancelled()),
    ]
    return wants if without is None else [*wants, _Later.id.not_in(without)]


def _hand_over(
    session: Session,
    table: type[Job] | type[Conversion],
    same: ColumnElement[bool],
    chosen: ColumnElement[bool],
    without: Some | None,
) -> int:
    """Those of ``table``; a submission wants one where the snapshot of its architecture is the ``same``."""
    found = session.execute(
        select(table.id, _Later.id)
        .join(Submission, table.submission_id == Submission.id)
        .join(Snapshot, (Snapshot.architecture_id == table.architecture_id) & same)
        .join(_Later, _Later.commit == Snapshot.commit)
        .where(chosen, *_wanting(without))
        .order_by(_Later.created, _Later.id)
    ).all()
    first: dict[int, str] = {}
    for number, heir in found:
        first.setdefault(number, heir)
    given: dict[str, list[int]] = {}
    for number, heir in first.items():
        given.setdefault(heir, []).append(number)
    for heir, numbers in given.items():
        for start in range(0, len(numbers), _BATCH):
            some = table.id.in_(numbers[start : start + _BATCH])
            session.execute(update(table).where(some).values(submission_id=heir))
    return len(first)
