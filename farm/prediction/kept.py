"""Beliefs that are kept: to learn one from thousands of verdicts takes longer than whoever reads a table waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import MsgspecError, msgpack
from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.prediction.belief import Belief
from farm.prediction.evidence import EVIDENCE
from farm.prediction.traits import VERSION

#: Verdicts that are so much younger than what is kept may be missing from it.
LAG = timedelta(minutes=10)


def kept_belief(session: Session, type_id: int, policy: str, present: Sequence[str]) -> Belief | None:
    """What is kept of a device type's configuration under a policy; ``None`` where that is of other stacks, or too old."""
    row = _row(session, type_id, policy, present)
    newest = newest_evidence(session, type_id, policy) if row else None
    if row is None or (newest is not None and newest - row.newest > LAG):
        return None
    try:
        return msgpack.decode(row.body, type=Belief)
    except MsgspecError:  # kept by a farm that wrote beliefs down in another form
        return None


def is_due(session: Session, type_id: int, policy: str, present: Sequence[str]) -> bool:
    """Whether there is evidence that what is kept was not learnt from."""
    row, newest = _row(session, type_id, policy, present), newest_evidence(session, type_id, policy)
    return newest is not None and (row is None or newest > row.newest)


def keep_belief(
    session: Session, type_id: int, policy: str, present: Sequence[str], newest: datetime, belief: Belief
) -> None:
    """Keep what was learnt, in place of what was kept; ``newest`` is when the newest of its verdicts was proved."""
    session.merge(
        db.Belief(
            device_type_id=type_id,
            policy=policy,
            version=VERSION,
            stacks=list(present),
            newest=newest,
            body=msgpack.encode(belief),
        )
    )


def newest_evidence(session: Session, type_id: int, policy: str) -> datetime | None:
    """When the newest verdict that says something was proved."""
    query = select(db.Verdict.proved).where(db.Verdict.device_type_id == type_id, db.Verdict.policy == policy)
    return session.scalar(query.where(db.Verdict.verdict.in_(EVIDENCE)).order_by(db.Verdict.proved.desc()).limit(1))


def _row(session: Session, type_id: int, policy: str, present: Sequence[str]) -> db.Belief | None:
    row = session.get(db.Belief, (type_id, policy))
    return row if row is not None and row.version == VERSION and row.stacks == list(present) else None
