"""Audits and incidents as rows: what conversion came to before, what an audit found, which misses are open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from farm.audit.judgement import Figures, Judged, figures
from farm.database.models import Architecture, Audit, Audited, Bundle, Conversion, Incident, Snapshot
from farm.database.records import MAX_MESSAGE, clipped, record_event
from farm.states.conversions import ConversionState
from farm.submission.record import architecture_row

MAX_REASON = 1024


@dataclass(frozen=True, slots=True)
class Known:
    """What conversion came to at an earlier commit: identity of the bundle, or the outcome of a refusal."""

    commit: str
    ending: str


@dataclass(frozen=True, slots=True)
class Miss:
    """A miss that was found; see :class:`~farm.database.models.Incident`."""

    key: str
    base: str
    commit: str
    closure: str
    before: str
    after: str
    difference: str
    edge: str
    files: tuple[str, ...]


def known_endings(
    session: Session, wanted: Mapping[str, str], toolchain: Mapping[str, str], *, prefer: str, never: str
) -> dict[str, Known]:
    """What architectures came to with the same closure and toolchain, as the submissions and audits of other commits say.

    Args:
        session: to read from.
        wanted: closure hash by architecture key.
        toolchain: that converted.
        prefer: the commit that is taken before others; of these, the one that was recorded last.
        never: the commit that is not taken.
    """
    found: dict[str, list[Known]] = {}
    for key, closure, known in (*_submitted(session, wanted, toolchain), *_audited(session, wanted, toolchain)):
        if wanted.get(key) == closure and known.commit != never and "+" not in known.commit:
            found.setdefault(key, []).append(known)
    return {key: next((k for k in every if k.commit == prefer), every[-1]) for key, every in found.items()}


def record_audit(
    session: Session,
    *,
    commit: str,
    base: str,
    seed: int | None,
    rows: Iterable[Judged],
    architectures: int,
    closures: Mapping[str, str],
    toolchain: Mapping[str, str],
    seconds: float,
    now: datetime,
) -> Audit:
    """Enter an audit; ``architectures`` is how many there are, of which ``rows`` were looked at."""
    rows = tuple(rows)
    found = figures(rows)
    audit = Audit(
        commit=commit,
        base=base,
        at=now,
        architectures=architectures,
        seed=seed,
        judged=found.judged,
        changed=found.changed,
        selected=found.selected,
        hits=found.hits,
        seconds=seconds,
        toolchain=dict(toolchain),
        rows=[
            Audited(
                architecture_id=_row_of(session, row.key).id,
                closure=closures[row.key],
                selected=row.selected,
                before=row.before,
                after=row.after,
                note=clipped(row.note, MAX_REASON),
            )
            for row in rows
        ],
    )
    session.add(audit)
    session.flush()
    record_event(
        session, "audited", commit, now, base=base, judged=found.judged, changed=found.changed, hits=found.hits
    )
    return audit


def open_incident(session: Session, audit: Audit, miss: Miss, now: datetime) -> Incident:
    """The open incident of a miss: the one that there is already, which learns what was found out now, or a new one."""
    architecture = _row_of(session, miss.key)
    same = session.scalar(
        select(Incident).where(
            Incident.architecture_id == architecture.id,
            Incident.closure == miss.closure,
            Incident.before == miss.before,
            Incident.after == miss.after,
            Incident.fixed.is_(None),
        )
    )
    told = {
        "difference": clipped(miss.difference, MAX_MESSAGE),
        "edge": clipped(miss.edge, MAX_MESSAGE),
        "files": list(miss.files),
    }
    if same is not None:
        for name, value in told.items():
            setattr(same, name, value)
        return same
    incident = Incident(
        audit_id=audit.id,
        architecture=architecture,
        commit=miss.commit,
        base=miss.base,
        closure=miss.closure,
        before=miss.before,
        after=miss.after,
        opened=now,
        **told,
    )
    session.add(incident)
    session.flush()
    record_event(session, "selector miss", miss.key, now, commit=miss.commit, incident=incident.id, edge=incident.edge)
    return incident


def close_incident(session: Session, incident: Incident, reason: str, now: datetime) -> None:
    """The miss occurs no more, or somebody says that it does not matter."""
    incident.fixed, incident.reason = now, clipped(reason, MAX_REASON)
    record_event(
        session, "selector miss closed", incident.architecture.key, now, incident=incident.id, reason=incident.reason
    )


def open_incidents(session: Session) -> Sequence[Incident]:
    """Misses that are not fixed, the oldest first."""
    return _incidents(session, Incident.fixed.is_(None))


def all_incidents(session: Session) -> Sequence[Incident]:
    """Every miss, the oldest first."""
    return _incidents(session)


def audits(session: Session, limit: int | None = None) -> Sequence[Audit]:
    """The audits, the newest first."""
    return session.scalars(select(Audit).order_by(Audit.id.desc()).limit(limit)).all()


def figures_of(audit: Audit) -> Figures:
    """The figures of a recorded audit."""
    return Figures(audit.judged, audit.changed, audit.selected, audit.hits)


def _incidents(session: Session, *conditions: object) -> Sequence[Incident]:
    query = select(Incident).where(*conditions).order_by(Incident.id)  # type: ignore[arg-type]
    return session.scalars(query.options(joinedload(Incident.architecture))).all()


def _row_of(session: Session, key: str) -> Architecture:
    kind, _, name = key.partition(":")
    return architecture_row(session, name, kind)


def _submitted(
    session: Session, wanted: Mapping[str, str], toolchain: Mapping[str, str]
) -> Iterable[tuple[str, str, Known]]:
    """Bundles where they were made, and not where they were inherited."""
    query = (
        select(Architecture, Snapshot, Bundle)
        .join(Snapshot, Snapshot.architecture_id == Architecture.id)
        .join(Bundle, Bundle.identity == Snapshot.bundle)
        .join(
            Conversion,
            (Conversion.commit == Snapshot.commit) & (Conversion.architecture_id == Snapshot.architecture_id),
        )
        .where(
            Snapshot.closure.in_(set(wanted.values())),
            Conversion.state == ConversionState.DONE,
            Conversion.outcome.is_(None),
        )
        .order_by(Conversion.id)
    )
    for architecture, snapshot, bundle in session.execute(query):
        if bundle.toolchain == dict(toolchain):
            yield architecture.key, snapshot.closure, Known(snapshot.commit, bundle.identity)


def _audited(
    session: Session, wanted: Mapping[str, str], toolchain: Mapping[str, str]
) -> Iterable[tuple[str, str, Known]]:
    query = (
        select(Architecture, Audited, Audit)
        .join(Audited, Audited.architecture_id == Architecture.id)
        .join(Audit, Audit.id == Audited.audit_id)
        .where(Audited.closure.in_(set(wanted.values())), Audited.after != "", Audited.note == "")
        .order_by(Audit.id)
    )
    for architecture, audited, audit in session.execute(query):
        if audit.toolchain == dict(toolchain):
            if not audited.selected and audited.before:  # the closure was the same
                yield architecture.key, audited.closure, Known(audit.base, audited.before)
            yield architecture.key, audited.closure, Known(audit.commit, audited.after)
