"""Turning a bundle into jobs: one for each device type that has no verdict on it yet."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from farm.coordinator.declared import device_type_rows, record_policies
from farm.database.models import Job, Submission
from farm.inventory import Inventory
from farm.states.jobs import OPEN_JOBS, JobState
from farm.states.verdict import FAILURES
from farm.verdicts.inheritance import Reprove
from farm.verdicts.standings import Terms, counting, read_terms


class Need(StrEnum):
    """Why a bundle does or does not get a job on a device type."""

    QUEUED = "queued"
    INHERITED = "inherited"
    INHERITED_FAILURE = "inherited failure"
    ALREADY_OPEN = "already open"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A bundle of an architecture that is to have a verdict on every device type; a smaller ``priority`` goes first.

    Without ``inherit`` no verdict counts: that of an architecture whose conversions differ may be of another bundle.
    """

    architecture_id: int
    bundle: str
    priority: int
    inherit: bool = True


def want_verdicts(
    session: Session,
    inventory: Inventory,
    submission: Submission,
    architecture_id: int,
    bundle: str,
    priority: int,
    now: datetime,
    *,
    inherit: bool = True,
) -> dict[str, Need]:
    """:func:`want_all_verdicts` of one bundle, arguments as in :class:`Wanted`; needs by device."""
    wanted = Wanted(architecture_id, bundle, priority, inherit)
    return dict(want_all_verdicts(session, inventory, submission, (wanted,), now))


def want_all_verdicts(
    session: Session, inventory: Inventory, submission: Submission, wanted: Sequence[Wanted], now: datetime
) -> list[tuple[str, Need]]:
    """Queue what is missing; a verdict that counts is inherited and costs no device second. The need of every bundle on
    every device that ``submission`` is for, in this order.

    What counts, and for how long, is in :mod:`farm.verdicts.inheritance`; ``submission`` may ask for more. What is in
    quarantine stays there until it is released, or a submission wants failures proved again: it ended three hosts. There are as
    many queries for many bundles and device types as for one.
    """
    if not wanted:
        return []
    device_type_rows(session, inventory, inventory.devices)
    record_policies(session, map(inventory.policy_of, inventory.devices))
    terms, reprove = read_terms(session, inventory), Reprove(submission.reprove)
    if submission.devices is not None:
        terms = tuple(term for term in terms if term.device in submission.devices)
    bundles = {each.bundle for each in wanted}
    counts = counting(session, inventory, terms, bundles, now, reprove)
    open_jobs = _open_jobs(session, bundles)
    given_up = _quarantined(session, bundles) if reprove is Reprove.NOTHING else set()
    needs: list[tuple[str, Need]] = []
    queued: list[dict[str, Any]] = []  # no objects: SQLite would have these inserted one by one, for their ids
    for each, term in itertools.product(wanted, terms):
        job = (each.bundle, term.type_id, term.policy)
        found = counts.get((each.bundle, term.device)) if each.inherit else None
        if job in open_jobs:
            need = Need.ALREADY_OPEN
        elif found is not None:
            need = Need.INHERITED_FAILURE if found.verdict in FAILURES else Need.INHERITED
        elif job in given_up:
            need = Need.QUARANTINED
        else:
            need = Need.QUEUED
            open_jobs.add(job)
            queued.append(_job(submission, each, term, now))
        needs.append((term.device, need))
    if queued:
        session.execute(insert(Job), queued)
    return needs


def _open_jobs(session: Session, bundles: Collection[str]) -> set[tuple[str, int, str]]:
    """Bundle, device type and policy of the jobs that are not at their end."""
    query = select(Job.bundle, Job.device_type_id, Job.policy)
    found = session.execute(query.where(Job.bundle.in_(bundles), Job.state.in_(OPEN_JOBS)))
    return {(bundle, type_id, policy) for bundle, type_id, policy in found}


def _quarantined(session: Session, bundles: Collection[str]) -> set[tuple[str, int, str]]:
    """The same of those whose newest job is in quarantine."""
    newest = (
        select(func.max(Job.id)).where(Job.bundle.in_(bundles)).group_by(Job.bundle, Job.device_type_id, Job.policy)
    )
    query = select(Job.bundle, Job.device_type_id, Job.policy)
    found = session.execute(query.where(Job.id.in_(newest), Job.state == JobState.QUARANTINED))
    return {(bundle, type_id, policy) for bundle, type_id, policy in found}


def _job(submission: Submission, wanted: Wanted, terms: Terms, now: datetime) -> dict[str, Any]:
    return {
        "submission_id": submission.id,
        "bundle": wanted.bundle,
        "architecture_id": wanted.architecture_id,
        "device_type_id": terms.type_id,
        "policy": terms.policy,
        "state": JobState.QUEUED,
        "priority": wanted.priority,
        "created": now,
        "since": now,
        "measure": submission.reprove == Reprove.ALL,
    }
