"""The history strip: what each device said of an architecture at the last few commits, in one line.

A mark tells of the very code of its commit, where `farm history` shows the newest verdict before it as stale: a strip is looked
at to see when something changed. It is read in a handful of queries, however long it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, Row, false, or_, select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.inventory import Inventory
from farm.states.verdict import FAILURES, Verdict
from farm.verdicts.inheritance import current
from farm.verdicts.standings import read_terms, standing
from workers.outcome import Group, Outcome


@dataclass(frozen=True, slots=True)
class Mark:
    """One commit of a strip; ``changed``: the architecture's code changed with it."""

    commit: str
    date: datetime
    changed: bool
    verdict: Verdict
    outcome: Outcome | None = None

    @property
    def known(self) -> bool:
        """Whether something was said of the product."""
        return self.verdict not in (Verdict.MISSING, Verdict.NO_VERDICT)


@dataclass(frozen=True, slots=True)
class Run:
    """Commits in a row with the same verdict; ``first`` is the oldest of them."""

    verdict: Verdict
    commits: int
    first: str


def runs(strip: Iterable[Mark]) -> tuple[Run, ...]:
    """The strip with equal neighbours taken together."""
    grouped = ((verdict, list(same)) for verdict, same in groupby(strip, key=lambda mark: mark.verdict))
    return tuple(Run(verdict, len(same), same[-1].commit) for verdict, same in grouped)


def last_good(strip: Sequence[Mark]) -> str | None:
    """The commit to bisect from: the newest that passed, where the first of the strip fails; ``None`` without either."""
    if not strip or strip[0].verdict not in FAILURES:
        return None
    return next((mark.commit for mark in strip if mark.verdict is Verdict.SUPPORTED), None)


def read_strips(
    session: Session, inventory: Inventory, kind: str, name: str, until: str, limit: int
) -> dict[str, tuple[Mark, ...]]:
    """By device, the newest first: the last ``limit`` commits up to ``until``, the key of one that has the architecture.

    Commits of all branches count, in the order of their dates, as in :func:`farm.table.history.read_history`.
    """
    rows = session.execute(
        select(db.Commit.key, db.Commit.date, db.Snapshot.bundle, db.Snapshot.last_change, db.Conversion.outcome)
        .join(db.Snapshot, db.Snapshot.commit == db.Commit.key)
        .join(db.Architecture, db.Snapshot.architecture_id == db.Architecture.id)
        .outerjoin(
            db.Conversion,
            (db.Conversion.commit == db.Commit.key) & (db.Conversion.architecture_id == db.Architecture.id),
        )
        .where(
            db.Architecture.kind == kind, db.Architecture.name == name, _not_after(session.get_one(db.Commit, until))
        )
        .order_by(db.Commit.date.desc(), db.Commit.dirty.desc(), db.Commit.recorded.desc())
        .limit(limit)
    ).all()
    said = _said(session, inventory, {row.bundle for row in rows if row.bundle})
    return {device: tuple(_mark(row, said.get(device, {})) for row in rows) for device in inventory.devices}


def _not_after(shown: db.Commit) -> ColumnElement[bool]:
    """In the order of dates; uncommitted changes are newer than the commit that they are made on, whose date they have."""
    earlier = ~db.Commit.dirty if shown.dirty else false()
    of_same_date = or_(earlier, (db.Commit.dirty == shown.dirty) & (db.Commit.recorded <= shown.recorded))
    return or_(db.Commit.date < shown.date, (db.Commit.date == shown.date) & of_same_date)


def _mark(row: Row[str, datetime, str | None, str, str | None], said: Mapping[str, db.Verdict]) -> Mark:
    """The mark of one commit; ``said`` are the verdicts that count, by bundle."""
    changed = row.last_change == row.key
    refused = Outcome(row.outcome) if row.outcome is not None else None
    if refused is not None and (row.bundle is None or refused is Outcome.NONDETERMINISTIC):
        verdict = Verdict.FAILED if refused.group is Group.PRODUCT else Verdict.NO_VERDICT
        return Mark(row.key, row.date, changed, verdict, refused)
    if row.bundle is None or (found := said.get(row.bundle)) is None:
        return Mark(row.key, row.date, changed, Verdict.MISSING)
    return Mark(row.key, row.date, changed, Verdict(found.verdict), Outcome(found.outcome))


def _said(session: Session, inventory: Inventory, bundles: set[str]) -> dict[str, dict[str, db.Verdict]]:
    """By device and bundle: the verdict that holds for the present configuration, policy and stacks, where one does."""
    known: defaultdict[tuple[int, str, str], dict[str, db.Verdict]] = defaultdict(dict)
    for verdict in session.scalars(select(db.Verdict).where(db.Verdict.bundle.in_(bundles))):
        known[verdict.device_type_id, verdict.policy, verdict.bundle][verdict.stack] = verdict
    found: dict[str, dict[str, db.Verdict]] = {}
    for terms in read_terms(session, inventory):
        for bundle in bundles:
            by_stack = known[terms.type_id, terms.policy, bundle]
            holds = current([standing(verdict) for verdict in by_stack.values()], terms.present)
            if holds is not None:
                found.setdefault(terms.device, {})[bundle] = by_stack[holds.stack]
    return found
