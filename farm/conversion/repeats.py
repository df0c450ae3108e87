"""Repeated conversions as rows: which are wanted, which can be carried out, what they said.

An architecture whose last repeat gave another bundle is *in doubt*: its bundles inherit no verdict, and it is converted and
repeated in each submission until a repeat is equal again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from farm.conversion.sampling import Candidate, choose, hash_seed, sample_size
from farm.database.claims import claimable
from farm.database.models import Architecture, Conversion, Repeat, Snapshot, Submission
from farm.database.records import MAX_MESSAGE, clipped, record_event
from farm.inventory import Inventory
from farm.states.conversions import OPEN_CONVERSIONS, ConversionState
from workers.outcome import Cause, Outcome


def want_repeats(session: Session, inventory: Inventory, submission: Submission) -> None:
    """Queue the repeats of a submission that are missing: asked again, it replaces those whose conversions failed.

    A narrow submission has none: each of its conversions would be repeated, since it is the only one of its commit.
    """
    if submission.devices is not None:
        return
    share = inventory.conversion.repeat_share
    conversions = _conversions(session, submission)
    if not conversions:
        return
    wanted = _wanted(session, submission, conversions)
    good = [c for c in conversions if c.state != ConversionState.FAILED and c.id not in wanted]
    doubts = {r.architecture_id: r for r in in_doubt(session)}
    checked = _checked(session)
    listed = _listed(session, inventory)
    rows = {c.architecture.key: c for c in good}
    candidates = [
        Candidate(key, checked.get(c.architecture_id), c.architecture_id in listed, c.architecture_id in doubts)
        for key, c in rows.items()
    ]
    count = sample_size(len(conversions), share) - len([a for a in wanted.values() if a not in doubts])
    for key in choose(candidates, count, unlisted=_unlisted(session, listed), seed=submission.commit):
        conversion = rows[key]
        doubt = doubts.get(conversion.architecture_id)
        session.add(
            Repeat(
                conversion_id=conversion.id,
                submission_id=submission.id,
                architecture_id=conversion.architecture_id,
                # What has shown a difference must be what says that there is none any more.
                hash_seed=doubt.hash_seed if doubt else hash_seed(submission.commit),
                state=ConversionState.QUEUED,
            )
        )
    session.flush()


def drop_repeats(session: Session, inventory: Inventory, conversion: Conversion) -> None:
    """A conversion has failed: there is nothing to repeat, and another one of its submission takes its place."""
    for repeat in session.scalars(
        select(Repeat).where(Repeat.conversion_id == conversion.id, Repeat.state.in_(OPEN_CONVERSIONS))
    ):
        repeat.state = ConversionState.FAILED
    session.flush()
    want_repeats(session, inventory, session.get_one(Submission, conversion.submission_id))


def claim_repeats(session: Session, lease: timedelta, now: datetime, batch: int) -> list[tuple[Repeat, str]]:
    """Up to a batch of repeats of one commit and hash seed whose conversions are done, each with the bundle to compare with."""
    query = (
        select(Repeat, Snapshot.bundle)
        .join(Repeat.conversion)
        .join(
            Snapshot,
            (Snapshot.commit == Conversion.commit) & (Snapshot.architecture_id == Conversion.architecture_id),
        )
        .where(claimable(Repeat, now), Conversion.state == ConversionState.DONE, Snapshot.bundle.is_not(None))
        .order_by(Conversion.priority, Repeat.id)
        .options(joinedload(Repeat.conversion).joinedload(Conversion.architecture))
        .limit(batch * 4)
    )
    found = [(repeat, bundle) for repeat, bundle in session.execute(query) if bundle is not None]
    if not found:
        return []
    first = found[0][0]
    claimed = [
        (repeat, bundle)
        for repeat, bundle in found
        if (repeat.conversion.commit, repeat.hash_seed) == (first.conversion.commit, first.hash_seed)
    ][:batch]
    for repeat, _ in claimed:
        repeat.state, repeat.lease_until = ConversionState.RUNNING, now + lease
    return claimed


def conversion_waits(session: Session) -> bool:
    """Whether a first conversion waits for a converter: repeats make way for it."""
    queued = select(Conversion.id).where(Conversion.state == ConversionState.QUEUED).limit(1)
    return session.scalar(queued) is not None


def record_repeat(session: Session, repeat_id: int, difference: str | None, seconds: float, now: datetime) -> None:
    """Enter that a repeat gave the same bundle, or where its own first differs."""
    repeat = session.get_one(Repeat, repeat_id)
    conversion = repeat.conversion
    repeat.state, repeat.seconds = ConversionState.DONE, seconds
    repeat.same, repeat.difference = difference is None, clipped(difference or "", MAX_MESSAGE)
    key, commit = conversion.architecture.key, conversion.commit
    if difference is None:
        record_event(session, "repeated", key, now, commit=commit, seed=repeat.hash_seed)
        return
    record_event(
        session, "nondeterministic", key, now, commit=commit, seed=repeat.hash_seed, difference=repeat.difference
    )
    if conversion.state == ConversionState.DONE:  # else it was queued anew meanwhile
        conversion.outcome, conversion.cause = Outcome.NONDETERMINISTIC, Cause.UNKNOWN
        conversion.message = clipped(f"converted again, it is another bundle: {difference}", MAX_MESSAGE)


def in_doubt(session: Session) -> Sequence[Repeat]:
    """Of each architecture in doubt its last repeat that said something, which says what differs."""
    last = (
        select(func.max(Repeat.id)).where(Repeat.state == ConversionState.DONE).group_by(Repeat.architecture_id)
    ).scalar_subquery()
    return session.scalars(select(Repeat).where(Repeat.id.in_(last), Repeat.same.is_(False))).all()


def is_in_doubt(session: Session, architecture_id: int) -> bool:
    """Whether an architecture is in doubt."""
    said = select(Repeat.same).where(Repeat.architecture_id == architecture_id, Repeat.state == ConversionState.DONE)
    return session.scalar(said.order_by(Repeat.id.desc()).limit(1)) is False


def _conversions(session: Session, submission: Submission) -> Sequence[Conversion]:
    query = select(Conversion).where(Conversion.submission_id == submission.id).order_by(Conversion.id)
    return session.scalars(query.options(joinedload(Conversion.architecture))).all()


def _wanted(session: Session, submission: Submission, conversions: Sequence[Conversion]) -> dict[int, int]:
    """Architecture by conversion of the repeats that there are: the submission's, and those of others that are to come."""
    own = (Repeat.submission_id == submission.id) & (Repeat.state != ConversionState.FAILED)
    query = select(Repeat.conversion_id, Repeat.architecture_id).where(
        Repeat.conversion_id.in_([c.id for c in conversions]), own | Repeat.state.in_(OPEN_CONVERSIONS)
    )
    return {row.conversion_id: row.architecture_id for row in session.execute(query)}


def _checked(session: Session) -> dict[int, int]:
    """Number of the last repeat of each architecture that said something or soon will."""
    last = func.max(Repeat.id).label("last")
    query = select(Repeat.architecture_id, last).where(Repeat.state != ConversionState.FAILED)
    return {row.architecture_id: row.last for row in session.execute(query.group_by(Repeat.architecture_id))}


def _listed(session: Session, inventory: Inventory) -> set[int]:
    names = inventory.catalogue.task_list
    return set(
        session.scalars(select(Architecture.id).where(Architecture.kind == "network", Architecture.name.in_(names)))
    )


def _unlisted(session: Session, listed: set[int]) -> int:
    last = session.scalar(select(func.max(Repeat.id)).where(Repeat.architecture_id.in_(listed))) or 0
    return session.scalar(select(func.count()).select_from(Repeat).where(Repeat.id > last)) or 0
