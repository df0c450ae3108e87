"""Beliefs that are kept: to learn one from thousands of verdicts takes longer than whoever reads a table waits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import MsgspecError, msgpack
from sqlalchemy import Select, SQLColumnExpression, literal, select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.prediction.belief import Belief
from farm.prediction.evidence import EVIDENCE
from farm.prediction.traits import VERSION

#: Verdicts that are so much younger than what is kept may be missing from it.
LAG = timedelta(minutes=10)


class KeptBeliefs:
    """What is kept of some device types' configurations, read in one query; a belief is decoded when it is asked for.

    Args:
        session: to read with, now.
        type_ids: their rows.
    """

    def __init__(self, session: Session, type_ids: Collection[int]) -> None:
        evidence = _evidence(db.Belief.device_type_id, db.Belief.policy).scalar_subquery()
        columns = (db.Belief.device_type_id, db.Belief.policy, db.Belief.version, db.Belief.stacks, db.Belief.newest)
        query = select(*columns, db.Belief.body, evidence.label("evidence"))
        found = session.connection().execute(query.where(db.Belief.device_type_id.in_(type_ids)))
        self._rows = {(row.device_type_id, row.policy): row for row in found}

    def of(self, type_id: int, policy: str, present: Sequence[str]) -> Belief | None:
        """Of one of them under a policy; ``None`` where nothing is kept, or it is of other stacks, or too old."""
        row = self._rows.get((type_id, policy))
        if row is None or row.version != VERSION or row.stacks != list(present):
            return None
        if row.evidence is not None and row.evidence - row.newest > LAG:
            return None
        try:
            return _decoded(bytes(row.body))
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
    return session.scalar(_evidence(literal(type_id), literal(policy)))


@lru_cache(maxsize=64)  # twenty of them take a sixth of the time in which a table is read
def _decoded(body: bytes) -> Belief:
    return msgpack.decode(body, type=Belief)


def _evidence(type_id: SQLColumnExpression[int], policy: SQLColumnExpression[str]) -> Select[datetime]:
    query = select(db.Verdict.proved).where(db.Verdict.device_type_id == type_id, db.Verdict.policy == policy)
    return query.where(db.Verdict.verdict.in_(EVIDENCE)).order_by(db.Verdict.proved.desc()).limit(1)


def _row(session: Session, type_id: int, policy: str, present: Sequence[str]) -> db.Belief | None:
    row = session.get(db.Belief, (type_id, policy))
    return row if row is not None and row.version == VERSION and row.stacks == list(present) else None
