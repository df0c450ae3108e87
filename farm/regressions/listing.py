"""What ``farm regressions`` and the pages show of regressions: a list that clusters by signature, and all of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from farm.database import models as db
from farm.errors import NotFoundError
from farm.inventory import Inventory
from farm.regressions.known import Issue, Standing, list_known
from farm.regressions.lineage import read_graph
from farm.regressions.rows import state_of
from farm.verdicts.standings import read_terms
from workers.stack import stack_changes

#: Commits of a culprit range that are listed.
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """One regression.

    Args:
        id: its number.
        architecture: name.
        kind: of the architecture.
        device: name of the device type.
        present: whether the inventory still has the device type configured and judged like this.
        row: all that is recorded of it.
        commits: of the culprit range, ``first_bad`` among them.
        stack: how the stacks of its two ends differ.
        sharing: how many open regressions have its signature, itself among them if it is open.
        issue: the known issue of its signature, also one that has expired.
    """

    id: int
    architecture: str
    kind: str
    device: str
    present: bool
    row: db.Regression
    commits: int
    stack: tuple[str, ...]
    sharing: int
    issue: Issue | None

    @property
    def state(self) -> str:
        """Of :func:`farm.regressions.rows.state_of`."""
        return state_of(self.row)

    @property
    def excused(self) -> bool:
        """Whether somebody answers for it today."""
        return self.issue is not None and self.issue.standing is not Standing.EXPIRED


@dataclass(frozen=True, slots=True)
class Place:
    """One of the four of the evidence: a bundle on a stack or unit, what it does there, and who says so."""

    bundle: str
    stack: str
    unit: str | None
    result: str
    attempt: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """All of one regression: its culprit range with the subjects that are known, ancestors first, and its evidence."""

    listed: Listed
    range: tuple[tuple[str, str], ...]
    axis: str
    places: tuple[Place, ...]


def list_regressions(
    session: Session,
    inventory: Inventory,
    now: datetime,
    *,
    everything: bool = False,
    devices: Collection[str] = (),
    kinds: Collection[str] = (),
    branch: str | None = None,
) -> list[Listed]:
    """Regressions, the newest first: those open on devices of the inventory as they are now, or all of them.

    With ``branch`` those alone that are open on it, a branch that was submitted, or a commit of none.

    Raises:
        NotFoundError: no submission was of that branch, or of that commit.
    """
    if branch is not None:
        _check_branch(session, branch)
    query = select(db.Regression).join(db.Regression.architecture).join(db.Regression.device_type)
    if not everything:
        query = query.where(db.Regression.closed.is_(None))
    if devices:
        query = query.where(db.DeviceType.name.in_(devices))
    if kinds:
        query = query.where(db.Architecture.kind.in_(kinds))
    rows = session.scalars(_loaded(query).order_by(db.Regression.opened.desc(), db.Regression.id.desc())).all()
    listed = _listed(session, inventory, rows, now)
    return [one for one in listed if (everything or one.present) and (branch is None or branch in one.row.open_on)]


def show_regression(session: Session, inventory: Inventory, number: int, now: datetime) -> Shown:
    """All of one regression; raises :class:`~farm.errors.NotFoundError`."""
    row = session.scalar(_loaded(select(db.Regression).where(db.Regression.id == number)))
    if row is None:
        raise NotFoundError("regression", str(number))
    (listed,) = _listed(session, inventory, [row], now)
    span = read_graph(session).between([row.last_good], row.first_bad)[-LONGEST:]
    query = select(db.Commit.key, db.Commit.subject).where(db.Commit.key.in_(span))
    subjects = {commit.key: commit.subject for commit in session.execute(query)}
    evidence: dict[str, Any] = row.evidence
    kept: Sequence[dict[str, Any]] = evidence.get("places", ())
    named = select(db.Device.id, db.Device.unit).where(db.Device.id.in_({p["unit"] for p in kept if p["unit"]}))
    units = {device.id: device.unit for device in session.execute(named)}
    places = tuple(
        Place(p["bundle"], p["stack"], units.get(p["unit"]), p["result"], p["attempt"]) for p in kept
    )  # fmt: skip
    return Shown(listed, tuple((c, subjects.get(c, "")) for c in span), evidence.get("axis", ""), places)


def numbers(session: Session, inventory: Inventory, commit: str) -> dict[tuple[str, str, str], int]:
    """By kind and name of an architecture, and device type: the newest regression that is open, or begins at ``commit``."""
    terms = {(t.type_id, t.policy) for t in read_terms(session, inventory)}
    query = (
        select(db.Regression)
        .where(db.Regression.closed.is_(None) | (db.Regression.first_bad == commit), db.Regression.withdrawn.is_(None))
        .order_by(db.Regression.opened, db.Regression.id)
    )
    return {
        (row.architecture.kind, row.architecture.name, row.device_type.name): row.id
        for row in session.scalars(_loaded(query))
        if (row.device_type_id, row.policy) in terms
    }


def sharing(session: Session) -> dict[str, int]:
    """How many open regressions have each signature."""
    return Counter(session.scalars(select(db.Regression.signature).where(db.Regression.closed.is_(None))))


def _check_branch(session: Session, branch: str) -> None:
    submitted = session.execute(select(db.Submission.branch, db.Submission.commit).distinct())
    names = {name or commit for name, commit in submitted}
    if branch not in names:
        raise NotFoundError("branch", branch, names)


def _loaded(query: Any) -> Any:
    return query.options(joinedload(db.Regression.architecture), joinedload(db.Regression.device_type))


def _listed(session: Session, inventory: Inventory, rows: Sequence[db.Regression], now: datetime) -> list[Listed]:
    graph, alike = read_graph(session), sharing(session)
    issues = {issue.signature: issue for issue in list_known(session, now)}
    terms = {(t.type_id, t.policy) for t in read_terms(session, inventory)}
    wanted = {s for row in rows for s in (row.good_stack, row.bad_stack) if s}
    stacks = {s.hash: s.fingerprint for s in session.scalars(select(db.Stack).where(db.Stack.hash.in_(wanted)))}
    spans: dict[tuple[str, str], int] = {}
    for ends in {(row.last_good, row.first_bad) for row in rows}:
        spans[ends] = len(graph.between([ends[0]], ends[1]))
    return [
        Listed(
            row.id,
            row.architecture.name,
            row.architecture.kind,
            row.device_type.name,
            (row.device_type_id, row.policy) in terms,
            row,
            spans[row.last_good, row.first_bad],
            _changes(stacks, row),
            alike.get(row.signature, 0),
            issues.get(row.signature),
        )
        for row in rows
    ]


def _changes(stacks: Mapping[str, Mapping[str, str]], row: db.Regression) -> tuple[str, ...]:
    if row.good_stack is None or row.bad_stack is None:
        return ()
    return stack_changes(stacks[row.good_stack], stacks[row.bad_stack])
