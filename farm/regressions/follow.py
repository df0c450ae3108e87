"""Keeping regressions up with what is new: verdicts that were decided, commits that were submitted, code that was converted.

Each is called in the transaction in which that is entered, so that a regression is there with the result that opens it. Most
results turn nothing, and cost no query here; a first pass costs one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.database.among import among
from farm.database.statements import Statement, ask
from farm.regressions.lineage import forget, read_graph
from farm.regressions.readings import FAILING, CellKey, cells_of, present_terms
from farm.regressions.rows import Turned, update_cell
from farm.regressions.telling import tell
from farm.states.verdict import Verdict
from farm.verdicts.redecide import Judged, Redecided

_KNOWN = Statement(
    select(db.Snapshot.bundle, db.Regression.architecture_id, db.Regression.device_type_id, db.Regression.policy)
    .join(db.Regression, db.Regression.architecture_id == db.Snapshot.architecture_id)
    .where(among(db.Snapshot.bundle, "bundles"))
    .distinct()
)


def follow(session: Session, changes: Sequence[Redecided], asked: Collection[Judged], now: datetime) -> list[Turned]:
    """Bring up to date what new verdicts are about; what became of regressions.

    Args:
        session: in which the verdicts, and all that they follow from, are written.
        changes: what became of verdicts.
        asked: what of it a job brought that was queued to tell a cause: it is evidence, whatever the verdict.
        now: the time.
    """
    telling = [change for change in changes if change.judged in asked or _tells(change)]
    if not telling:
        return []
    session.flush()
    return _update(session, {*_failing_cells(session, telling), *_known_cells(session, telling)}, now)


def _tells(change: Redecided) -> bool:
    """Whether it may turn anything: it is another verdict, or a failure, which a second run confirms."""
    return change.now in FAILING or change.now is not change.before


def follow_commit(
    session: Session, commit: str, label: str, architectures: Collection[int], now: datetime
) -> list[Turned]:
    """The same for verdicts that a commit inherits, and for the branch that goes on with it.

    Args:
        session: in which the commit's snapshots, and its submission, are written.
        commit: that was submitted, or of which something was converted.
        label: what regressions are open on by it: the branch, or the commit itself.
        architectures: whose snapshots at the commit are new.
        now: the time.
    """
    session.flush()
    forget(session)
    row = session.get_one(db.Commit, commit)
    if row.dirty or not architectures:
        return []
    graph = read_graph(session)
    here = _verdicts_at(session, commit, architectures)
    failing = {key for key, verdicts in here.items() if verdicts & set(FAILING)}
    passing = {key for key, verdicts in here.items() if Verdict.SUPPORTED in verdicts}
    opened = _open_rows(session, architectures)
    before, upto = graph.upto([commit]), {first: graph.upto([first]) for first in {r.first_bad for r in opened}}
    keys = failing - {_key(r) for r in opened}
    for r in opened:
        key, has_it = _key(r), r.first_bad in before
        between = commit in upto[r.first_bad] and (commit != r.first_bad or r.bad_bundle is None)
        if key in passing or between or has_it != (label in r.open_on) or (not has_it and key in failing):
            keys.add(key)
    return _update(session, keys, now)


def follow_refusal(session: Session, architecture_id: int, now: datetime) -> list[Turned]:
    """The same where an architecture did not convert: that is an end on every device."""
    session.flush()
    keys = {CellKey(architecture_id, device_type, policy) for device_type, policy in present_terms(session)}
    return _update(session, keys, now)


def recompute(session: Session, now: datetime) -> list[Turned]:
    """Bring every regression up to date with the tables; what was not. Nothing is queued for it, and nobody is told."""
    failing = (
        select(db.Snapshot.architecture_id)
        .join(db.Verdict, db.Verdict.bundle == db.Snapshot.bundle)
        .where(db.Verdict.verdict.in_(FAILING))
    )
    refused = select(db.Conversion.architecture_id).where(db.Conversion.outcome.is_not(None))
    known = select(db.Regression.architecture_id)
    architectures = {a for query in (failing, refused, known) for a in session.scalars(query.distinct())}
    return _update(session, cells_of(session, architectures), now, asking=False)


def _update(session: Session, keys: Collection[CellKey], now: datetime, *, asking: bool = True) -> list[Turned]:
    turned = [one for key in sorted(keys) for one in update_cell(session, key, now, asking=asking)]
    if asking:
        tell(session, turned, now)
    return turned


def _failing_cells(session: Session, changes: Sequence[Redecided]) -> set[CellKey]:
    """The cells of what fails."""
    judged = {change.judged for change in changes if change.now in FAILING}
    if not judged:
        return set()
    bundles = {one.bundle for one in judged}
    query = select(db.Snapshot.bundle, db.Snapshot.architecture_id).where(db.Snapshot.bundle.in_(bundles)).distinct()
    architectures = session.execute(query).all()
    return {
        CellKey(architecture, one.device_type_id, one.policy)
        for one in judged
        for bundle, architecture in architectures
        if bundle == one.bundle
    }


def _known_cells(session: Session, changes: Sequence[Redecided]) -> set[CellKey]:
    """The cells of what does not fail, as far as they have a regression, or had one: nothing else can turn there."""
    judged = {change.judged for change in changes if change.now not in FAILING}
    if not judged:
        return set()
    known = ask(session, _KNOWN, {"bundles": {one.bundle for one in judged}}).rows
    return {CellKey(a, t, p) for bundle, a, t, p in known if (bundle, t, p) in judged}


def _verdicts_at(session: Session, commit: str, architectures: Collection[int]) -> dict[CellKey, set[Verdict]]:
    """The verdicts on what a commit has, on whatever stack."""
    query = (
        select(db.Snapshot.architecture_id, db.Verdict.device_type_id, db.Verdict.policy, db.Verdict.verdict)
        .join(db.Verdict, db.Verdict.bundle == db.Snapshot.bundle)
        .where(db.Snapshot.commit == commit, db.Snapshot.architecture_id.in_(architectures))
    )
    found: dict[CellKey, set[Verdict]] = {}
    for architecture, device_type, policy, verdict in session.execute(query):
        found.setdefault(CellKey(architecture, device_type, policy), set()).add(Verdict(verdict))
    return found


def _open_rows(session: Session, architectures: Collection[int]) -> Sequence[db.Regression]:
    query = select(db.Regression).where(db.Regression.closed.is_(None))
    return session.scalars(query.where(db.Regression.architecture_id.in_(architectures))).all()


def _key(row: db.Regression) -> CellKey:
    return CellKey(row.architecture_id, row.device_type_id, row.policy)
