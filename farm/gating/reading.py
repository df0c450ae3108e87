"""Reading what the gate judges: the tables of a commit and of its base, and which base that is."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from farm.clock import utc_now
from farm.coordinator.cancellation import find_submission
from farm.database.models import Snapshot, Submission
from farm.errors import NotFoundError, UsageError
from farm.gating.judgement import Gate, Named, Place, judge
from farm.git import Repository
from farm.inventory import Inventory
from farm.planning.recorded import find_commit
from farm.regressions.known import excused, excusing
from farm.source.errors import UnknownRevisionError
from farm.states.verdict import FAILURES
from farm.table.diff import has_result
from farm.table.table import Table, build_table


def find_base(repository: Repository, revision: str, sha: str, *, dirty: bool) -> str:
    """Full id of the commit that ``sha``, or uncommitted changes to it, grew from: the merge base of ``revision`` and it.

    What ``revision`` got meanwhile is so no matter of the commit.

    Raises:
        UnknownRevisionError: ``revision`` names no commit.
        UsageError: they have no commit in common, or the commit is its own base.
    """
    base = repository.merge_base(revision, sha)
    if base is None:
        raise UsageError(
            f"{revision} and {sha[:10]} have no commit in common; in a shallow clone, git fetch --unshallow"
        )
    if base == sha and not dirty:
        raise UsageError(
            f"{sha[:10]} is its own base, since {revision} has it already: name an earlier one, as {sha[:10]}~1"
        )
    return base


def find_judged(session: Session, repository: Repository, name: str | None) -> tuple[str, str | None]:
    """Key of the commit that a revision, a submission's id (its first digits do) or nothing means, and its base.

    The base is what the submission, of a commit its newest one, was compared with: ``None`` where everything, or some names,
    were asked for.

    Raises:
        NothingRecordedError: nothing was submitted there.
        UnknownRevisionError: there is neither such a revision nor such a submission.
        UsageError: several submissions begin so.
    """
    try:
        commit = find_commit(session, repository, name)
    except UnknownRevisionError as unknown:
        try:
            submission = find_submission(session, name or "")
        except NotFoundError:
            raise unknown from None
        return submission.commit, submission.base
    whole = (Submission.commit == commit) & Submission.devices.is_(None)  # a narrow one looks for something else
    newest = select(Submission.base).where(whole).order_by(Submission.created.desc())
    return commit, session.scalar(newest.limit(1))


def read_gate(session: Session, inventory: Inventory, commit: str, base: str | None, problems: int = 0) -> Gate:
    """The gate of what is recorded of ``commit`` (a key), held against ``base`` (a full id) where there is one.

    Known issues are those of today: what one excused yesterday may close the gate now.
    """
    after = build_table(session, commit, inventory)
    closures = _closures(session, base) if base is not None else {}
    before = build_table(session, base, inventory) if base is not None and closures else None
    now = _closures(session, commit)
    changed = {named for named, closure in now.items() if before is not None and closures.get(named) != closure}
    return judge(before, after, base, changed, _excused(session, after), problems)


def _excused(session: Session, table: Table) -> dict[Place, str]:
    """What somebody answers for of a table's own failures. A result that is missing, or is none of its own, has no excuse."""
    excuses = excusing(session, utc_now())
    if not excuses:
        return {}
    return {
        (row.kind, row.name, device): why
        for row in table.rows
        for device, cell in row.cells.items()
        if cell.verdict in FAILURES and has_result(cell) and (why := excused(cell, excuses)) is not None
    }


def _closures(session: Session, commit: str) -> dict[Named, str]:
    query = select(Snapshot).where(Snapshot.commit == commit).options(joinedload(Snapshot.architecture))
    return {(s.architecture.kind, s.architecture.name): s.closure for s in session.scalars(query)}
