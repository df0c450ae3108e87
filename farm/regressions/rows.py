"""The rows of regressions, made and brought up to date from what was tested: the tables say all that they say.

What was opened, closed or withdrawn stays in its row; no row is ever removed, since its number was told to people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from farm.database import models as db
from farm.database.records import clipped, record_event
from farm.regressions import evidence as four
from farm.regressions.cause import Axis, Ruling, attribute
from farm.regressions.lineage import read_graph, read_heads
from farm.regressions.lines import Found, Point, find
from farm.regressions.matching import Known, match
from farm.regressions.readings import CellKey, Reading, read_cell
from farm.regressions.signature import Signature, signature
from farm.source.converter import CONVERTER
from workers.outcome import Cause, Outcome


class Turn(StrEnum):
    """What became of a regression."""

    OPENED = "opened"
    REOPENED = "reopened"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Turned:
    """A regression, by its number, of which something is new."""

    turn: Turn
    regression: int


def update_cell(session: Session, key: CellKey, now: datetime, *, asking: bool = True) -> list[Turned]:
    """Bring the regressions of a cell up to date; what is new of them.

    Without ``asking`` nothing is queued for what is not known of their causes.
    """
    rows = session.scalars(
        select(db.Regression)
        .where(
            db.Regression.architecture_id == key.architecture_id,
            db.Regression.device_type_id == key.device_type_id,
            db.Regression.policy == key.policy,
        )
        .order_by(db.Regression.id)
    ).all()
    reading = read_cell(session, key)
    heads = read_heads(session)
    found = find(read_graph(session), reading.tested, heads)
    known = [
        Known(
            row.id,
            reading.point(row.first_bad, row.bad_stack),
            reading.point(row.last_good, row.good_stack),
            row.withdrawn is not None,
        )
        for row in rows
    ]
    matched, by_id = match(known, found), {row.id: row for row in rows}
    turned: list[Turned] = []
    for place, one in enumerate(found):
        row = by_id.get(matched[place]) if place in matched else None
        labels = sorted({name for head in one.open_on for name in heads[head]})
        turned += _enter(session, key, reading, one, row, labels, now, asking=asking)
    for row in rows:
        if row.id not in matched.values() and row.withdrawn is None:
            row.withdrawn, row.closed = now, row.closed or now
            row.reason, row.open_on = _why_withdrawn(reading, found, row), []
            turned.append(Turned(Turn.WITHDRAWN, row.id))
    for each in turned:
        record_event(session, f"regression {each.turn}", str(each.regression), now)
    return turned


def _enter(
    session: Session,
    key: CellKey,
    reading: Reading,
    found: Found,
    row: db.Regression | None,
    labels: list[str],
    now: datetime,
    *,
    asking: bool,
) -> list[Turned]:
    """Write one regression, into its row if it has one."""
    turned: list[Turn] = []
    good, bad = found.last_good[0], found.first_bad
    fresh = row is None
    if row is None:
        row = db.Regression(
            architecture_id=key.architecture_id,
            device_type_id=key.device_type_id,
            policy=key.policy,
            first_bad="",
            last_good="",
            cause=Cause.UNKNOWN,
            reason="",
            evidence={},
            open_on=[],
            opened=now,
        )
        turned.append(Turn.OPENED)
    if _set_ends(session, row, reading, good, bad) and not fresh:
        turned.append(Turn.MOVED)
    if row.withdrawn is not None:
        row.withdrawn, row.closed = None, None
        turned.append(Turn.REOPENED)
    row.open_on, row.fixed = labels, found.fixed[0].commit if found.fixed and not labels else None
    if labels and row.closed is not None:
        row.closed = None
        turned.append(Turn.REOPENED)
    elif not labels and row.closed is None:
        row.closed = now
        turned.append(Turn.CLOSED)
    session.add(row)
    session.flush()
    _attribute(session, key, reading, found, row, now, asking=asking and row.closed is None)
    return [Turned(turn, row.id) for turn in dict.fromkeys(turned)]


def _set_ends(session: Session, row: db.Regression, reading: Reading, good: Point, bad: Point) -> bool:
    """Set where a regression begins; whether that is somewhere else than it was, or the failure is another one."""
    was = (row.last_good, row.first_bad, row.good_stack, row.bad_stack)
    if (row.last_good, row.first_bad) != (good.commit, bad.commit):
        row.definition, row.place = None, ""
    row.last_good, row.good_bundle = good.commit, reading.bundle(good)
    assert row.good_bundle is not None
    row.good_stack = reading.stacks[good.stack]
    row.good_attempt = reading.judged[row.good_bundle, row.good_stack].attempt
    row.first_bad, row.bad_bundle = bad.commit, reading.bundle(bad)
    if row.bad_bundle is None:
        row.bad_stack, row.bad_attempt = None, None
        refusal = reading.refused[bad.commit]
        outcome, made = refusal.outcome, signature(refusal.outcome, refusal.cause, "", refusal.message)
    else:
        row.bad_stack = reading.stacks[bad.stack]
        row.bad_attempt = reading.judged[row.bad_bundle, row.bad_stack].attempt
        outcome, made = _of_attempt(session, row.bad_attempt)
    row.outcome, row.signature, row.signature_text = outcome, made.key, made.text
    return was != (row.last_good, row.first_bad, row.good_stack, row.bad_stack)


def _of_attempt(session: Session, identifier: str) -> tuple[Outcome, Signature]:
    attempt = session.get_one(
        db.Attempt, identifier, options=[selectinload(db.Attempt.cases).selectinload(db.CaseResult.layer)]
    )
    return Outcome(attempt.outcome or Outcome.HARNESS_ERROR), signature_of(attempt)


def state_of(row: db.Regression) -> str:
    """``open``, ``fixed``, ``left`` (its branch has left what failed) or ``withdrawn``."""
    if row.withdrawn is not None:
        return "withdrawn"
    return "open" if row.closed is None else "fixed" if row.fixed else "left"


def signature_of(attempt: db.Attempt) -> Signature:
    """The signature of a failed attempt; its cases and their layers are read."""
    layer = next((case.layer for case in attempt.cases if case.layer), None)
    op = (layer.signature or layer.op) if layer else ""
    return signature(attempt.outcome or "", attempt.cause or Cause.UNKNOWN, op, attempt.message)


def _attribute(
    session: Session,
    key: CellKey,
    reading: Reading,
    found: Found,
    row: db.Regression,
    now: datetime,
    *,
    asking: bool,
) -> None:
    """Say whose fault it is, by what is known; ask once for what is not."""
    if row.bad_bundle is None or row.bad_stack is None:
        refusal = reading.refused[row.first_bad]
        row.cause, row.reason, row.evidence = refusal.cause, "it does not convert any more", {}
        return
    assert row.good_bundle is not None
    old, new = row.good_bundle, _new_bundle(reading, found) or row.bad_bundle
    earlier = reversed(reading.stacks[: found.first_bad.stack])
    passed = [stack for stack in earlier if reading.passes(old, stack)]
    before = passed[0] if passed else row.bad_stack
    known = four.collect(session, key, old, new, before, row.bad_stack)
    if asking and row.asked is None and known.axis is not Axis.NONE:
        assert row.bad_attempt is not None
        job = session.get_one(db.Attempt, row.bad_attempt).job
        row.asked = now
        if four.ask(session, key, known, job, f"to find the cause of regression {row.id}", now):
            record_event(session, "regression asked", str(row.id), now)
    ruling: Ruling = attribute(known.square, same_bundle=old == new, same_code=_same_code(session, row))
    row.cause, row.reason, row.evidence = ruling.cause, clipped(ruling.reason, 1024), known.document()


def _new_bundle(reading: Reading, found: Found) -> str | None:
    """The bundle of the first failure; where that is of the last pass too, the next one that fails, if there is any."""
    old = reading.bundle(found.last_good[0])
    failing = sorted(found.failing, key=lambda point: (point != found.first_bad, point))
    others = (reading.bundle(point) for point in failing)
    return next((bundle for bundle in others if bundle not in (old, None)), None)


def _same_code(session: Session, row: db.Regression) -> bool:
    """Whether the closures at both ends are the same, or differ by the converter alone."""
    if row.definition == CONVERTER:
        return True
    ends = [session.get(db.Snapshot, (commit, row.architecture_id)) for commit in (row.last_good, row.first_bad)]
    return row.last_good != row.first_bad and len({end.closure for end in ends if end}) == 1


def _why_withdrawn(reading: Reading, found: Sequence[Found], row: db.Regression) -> str:
    point = reading.point(row.first_bad, row.bad_stack)
    if any(point in one.failing for one in found):
        return "a failure before it turned out to be where it began: it is a part of another regression"
    if point not in reading.tested:
        return "what failed is not held against the product any more: it passed in another run, or on another unit"
    if reading.tested[point]:
        return "what failed passes now"
    return "nothing is known any more that passed before it"
