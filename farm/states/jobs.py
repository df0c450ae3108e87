"""States of jobs and attempts, and the only moves between them; pure.

::

    queued ──► dispatched ──► running ──► done
      ▲            │             │
      └────────────┴─────────────┘  lost or to be tried again
    queued, dispatched, running ──► cancelled | superseded | quarantined

A job goes from queued to running, or to done, where a message comes late: its attempt had been given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from workers.outcome import Group, Outcome

MAX_LOST = 3
MAX_INFRA = 3
CONFIRMING_RUNS = 2


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    DISPATCHED = "dispatched"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    QUARANTINED = "quarantined"

    @property
    def open(self) -> bool:
        """Whether the job still wants something."""
        return self in (JobState.QUEUED, JobState.DISPATCHED, JobState.RUNNING)


class AttemptState(StrEnum):
    """Where an attempt stands.

    The lease of a lost or unclaimed attempt ran out; it may still report. Lost: a unit had begun it, or its message has
    vanished. Unclaimed: nobody was there to take it, which says nothing of the job. Abandoned: its job was cancelled meanwhile,
    and what it reported was dropped.
    """

    DISPATCHED = "dispatched"
    RUNNING = "running"
    REPORTED = "reported"
    LOST = "lost"
    UNCLAIMED = "unclaimed"
    ABANDONED = "abandoned"


OPEN_JOBS = tuple(state for state in JobState if state.open)
#: Of jobs in these nothing is wanted any more: what their attempts report is dropped.
DROPPED = (JobState.CANCELLED, JobState.SUPERSEDED)
OPEN_ATTEMPTS = (AttemptState.DISPATCHED, AttemptState.RUNNING)

TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset(JobState) - {JobState.QUEUED},
    JobState.DISPATCHED: frozenset(JobState) - {JobState.DISPATCHED},
    JobState.RUNNING: frozenset(JobState) - {JobState.RUNNING, JobState.DISPATCHED},
    JobState.DONE: frozenset(),
    JobState.CANCELLED: frozenset(),
    JobState.SUPERSEDED: frozenset(),
    JobState.QUARANTINED: frozenset(),
}


def may_move(current: JobState, target: JobState) -> bool:
    """Whether a job may go from one state to the other."""
    return target in TRANSITIONS[current]


def wants_another_run(outcomes: Sequence[Outcome]) -> bool:
    """Whether a job with these reported outcomes, oldest first, should be tried once more.

    Infra outcomes are tried three times. A product outcome gets one confirming run. All others stand as they are.
    """
    if not outcomes:
        return True
    group = outcomes[-1].group
    if group is Group.INFRA:
        return sum(o.group is Group.INFRA for o in outcomes) < MAX_INFRA
    if group is Group.PRODUCT:
        return sum(o.group in (Group.PRODUCT, Group.GOOD) for o in outcomes) < CONFIRMING_RUNS
    return False


def after_loss(lost: int) -> JobState:
    """Where a job goes whose attempt was lost, with ``lost`` attempts lost so far, this one included."""
    return JobState.QUARANTINED if lost >= MAX_LOST else JobState.QUEUED
