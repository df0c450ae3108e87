"""``farm audit`` as a function: audits, looks at the open incidents again, and records all of it in one transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from farm.audit.auditor import Auditor, Found
from farm.audit.judgement import Figures, figures
from farm.audit.recheck import Recheck
from farm.audit.records import (
    close_incident,
    known_endings,
    open_incident,
    open_incidents,
    record_audit,
)
from farm.audit.sample import draw
from farm.audit.states import state_of
from farm.audit.workshop import Say, Workshop
from farm.clock import utc_now
from farm.database.engine import Database
from farm.database.models import Incident
from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.planning.plan import SourceReader, make_plan


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found and did.

    Args:
        number: of the audit.
        commit: that was audited.
        base: what the selection compared it with.
        architectures: how many are tested at the commit; the rows are those that were looked at.
        found: the rows, and what differs from one time to the next.
        reasons: of the selection, by key.
        misses: the incidents of this audit's misses; an incident that was open before may be among them.
        fixed: incidents that this audit closed.
        open: incidents that are open now.
        seconds: that it took.
    """

    number: int
    commit: str
    base: str
    architectures: int
    found: Found
    reasons: Mapping[str, str]
    misses: tuple[Incident, ...]
    fixed: tuple[Incident, ...]
    open: tuple[Incident, ...]
    seconds: float

    @property
    def figures(self) -> Figures:
        """Recall and precision, among others."""
        return figures(self.found.rows)

    @property
    def good(self) -> bool:
        """Nothing was missed, nothing that was missed before is left, and every conversion is repeatable."""
        return not (self.misses or self.open or self.found.differing)


def run_audit(
    database: Database,
    inventory: Inventory,
    reader: SourceReader,
    toolchain: Mapping[str, str],
    say: Say,
    *,
    commit: str = "HEAD",
    since: str | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> AuditReport:
    """Audit the selection of ``commit`` since a revision, its first parent by default.

    Args:
        database: where bundles are known from, and where the audit is recorded.
        inventory: names the catalogue.
        reader: of the repository.
        toolchain: that converts here.
        say: for progress.
        commit: the revision to audit.
        since: the revision that the selection compares it with.
        sample: how many architectures to look at; all of them by default.
        seed: of the sample.

    Raises:
        UsageError: the commit is the first one, and nothing is named to compare it with.
        SourceError: a revision does not exist.
    """
    started = time.monotonic()
    base = reader.repository.resolve(since) if since else _parent(reader, commit)
    plan = make_plan(reader, inventory, changed_since=base, commit=commit)
    before = state_of(reader, reader.repository.tree(base))
    after = state_of(reader, reader.repository.tree(plan.state.sha))
    selections = {e.architecture.key: e.selection for e in plan.entries if e.architecture.key in after.tested}
    selected = {key: selection.selected for key, selection in selections.items()}
    with Workshop(inventory, say) as workshop:
        auditor = Auditor(workshop, reader, inventory.catalogue.packages, before, after, selected)
        keys = draw(auditor.comparable(), sample, seed)
        with database.read() as session:
            closures = {key: before.closures[key].hash for key in keys}
            known = known_endings(session, closures, toolchain, prefer=base, never=plan.state.sha)
            pending = open_incidents(session)
        found = auditor.audit(keys, known, say)
        fixed = _rechecked(Recheck(workshop, reader, after), pending, found, say)
    seconds = time.monotonic() - started
    at = utc_now()
    with database.write(in_turn=True) as session:
        audit = record_audit(
            session,
            commit=plan.state.sha,
            base=base,
            seed=None if sample is None else seed,
            rows=found.rows,
            architectures=len(selected),
            closures={key: after.closures[key].hash for key in keys},
            toolchain=toolchain,
            seconds=seconds,
            now=at,
        )
        misses = tuple(dict.fromkeys(open_incident(session, audit, miss, at) for miss in found.misses))
        closed = [session.get_one(Incident, number) for number in fixed]
        for incident in closed:
            close_incident(session, incident, fixed[incident.id], at)
        session.flush()
        still = tuple(open_incidents(session))
        _ = [incident.architecture.key for incident in closed]  # loaded now: it is read after the session ends
        number = audit.id
    reasons = {key: selection.reason for key, selection in selections.items()}
    return AuditReport(
        number, plan.state.sha, base, len(selected), found, reasons, misses, tuple(closed), still, seconds
    )


def close_by_hand(database: Database, number: int, reason: str) -> Incident:
    """Close an open incident; raises :class:`~farm.errors.NotFoundError` where there is none of that number."""
    with database.write(in_turn=True) as session:
        every = {incident.id: incident for incident in open_incidents(session)}
        if number not in every:
            raise NotFoundError("open incident", str(number), map(str, every))
        close_incident(session, every[number], reason, utc_now())
        return every[number]


def _parent(reader: SourceReader, commit: str) -> str:
    info = reader.repository.commit_info(commit)
    if not info.parents:
        cut_off = reader.repository.is_cut_off(info.sha)
        what = "is where a shallow clone ends: run git fetch --unshallow, or" if cut_off else "is the first commit:"
        raise UsageError(f"{commit} ({info.sha[:10]}) {what} say --since REV")
    return info.parents[0]


def _rechecked(recheck: Recheck, pending: Sequence[Incident], found: Found, say: Say) -> dict[int, str]:
    """Why open incidents are fixed, by number; what was missed once more is not looked at."""
    again = {(miss.key, miss.closure) for miss in found.misses}
    fixed: dict[int, str] = {}
    for incident in pending:
        if (incident.architecture.key, incident.closure) in again:
            continue
        say(f"farm: looking at incident {incident.id} again")
        reason = recheck.fixed(incident.architecture.key, incident.base, incident.commit, incident.files)
        if reason:
            fixed[incident.id] = reason
    return fixed
