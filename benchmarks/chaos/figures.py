"""What came of a run: the invariants, counted, and the figures that are published."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from benchmarks.chaos.killer import Kill
from benchmarks.standin.attempts import POISON
from farm.database.engine import Database
from farm.database.models import Attempt, Bundle, Event, Job, Verdict
from farm.states.jobs import AttemptState, JobState

SCHEMA = "benchmark-chaos/1"
GIVEN_UP = (AttemptState.LOST, AttemptState.UNCLAIMED)
ABSORBED = ("message duplicate", "message stale", "message unknown")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one run. All of ``lost``, ``doubled``, ``left_end``, ``dangling``, ``misjudged`` and ``spared`` must be 0.

    Attributes:
        lost: jobs that did not come to their end, or whose end has no verdict.
        doubled: reports that were recorded twice, and jobs that two of were done for one bundle, device and policy.
        left_end: how often a job that was at its end was seen in another state.
        dangling: rows that point at a bundle that there is not.
        misjudged: jobs that nothing was wrong with and that do not pass, though they are done.
        resent: attempts beyond the first of each job.
        reexecuted: attempts that a host began beyond the first of each job, the same message twice included.
        absorbed: messages that came twice, or too late to count.
        spared: jobs that kill whoever runs them, and that did not end in quarantine after three lost attempts.
        noticed_median_s: seconds from the kill that took an attempt along until it was given up; p95 is the 95th percentile.
        redispatch_median_s: seconds until the next attempt of its job, for which it waits its turn.
    """

    database: str
    partitions: bool
    seconds: float
    seed: int
    lease_s: float
    window: int
    jobs: int
    kills: int
    kills_by_kind: dict[str, int]
    lost: int
    doubled: int
    left_end: int
    dangling: int
    misjudged: int
    spared: int
    quarantined: int
    resent: int
    reexecuted: int
    absorbed: int
    noticed_median_s: float | None
    noticed_p95_s: float | None
    redispatch_median_s: float | None
    redispatch_p95_s: float | None

    @property
    def holds(self) -> bool:
        """Whether everything that must be 0 is."""
        return not (self.lost or self.doubled or self.left_end or self.dangling or self.misjudged or self.spared)

    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"schema": SCHEMA, **asdict(self)}


def collect(
    database: Database,
    submitted: int,
    left_end: int,
    runs: Iterable[str],
    kills: Sequence[Kill],
    *,
    partitions: bool,
    seconds: float,
    seed: int,
    lease_s: float,
    window: int,
) -> Figures:
    """Read the figures off a farm that has come to its end.

    Args:
        submitted: how many jobs there must be.
        runs: the attempts that hosts have begun, each as often as it was.
    """
    with database.read() as session:
        jobs = session.scalars(select(Job).options(selectinload(Job.attempts).joinedload(Attempt.device))).all()
        attempts = [attempt for job in jobs for attempt in job.attempts]
        verdicts = session.scalars(select(Verdict)).all()
        judged = {(v.bundle, v.device_type_id, v.policy): v.verdict for v in verdicts}
        begun = Counter({attempt.id: attempt.job_id for attempt in attempts}.get(run) for run in runs)
        followed = list(_followed(jobs, kills))
        noticed, redispatched = (sorted(each) for each in zip(*followed, strict=True)) if followed else ([], [])
        poisoned = [job for job in jobs if job.architecture.name.startswith(POISON)]
        return Figures(
            database=database.engine.dialect.name,
            partitions=partitions,
            seconds=seconds,
            seed=seed,
            lease_s=lease_s,
            window=window,
            jobs=len(jobs),
            kills=len(kills),
            kills_by_kind=dict(sorted(Counter(kill.kind for kill in kills).items())),
            lost=submitted - len(jobs) + sum(_lost(job, judged) for job in jobs),
            doubled=_doubled(session, jobs),
            left_end=left_end,
            dangling=_dangling(session, jobs, verdicts),
            misjudged=sum(job.state == JobState.DONE and judged.get(_key(job)) != "SUPPORTED" for job in jobs),
            spared=sum(not _quarantined_after_three(job) for job in poisoned),
            quarantined=sum(job.state == JobState.QUARANTINED for job in jobs),
            resent=len(attempts) - sum(bool(job.attempts) for job in jobs),
            reexecuted=sum(number - 1 for job, number in begun.items() if job is not None),
            absorbed=len(session.scalars(select(Event.id).where(Event.kind.in_(ABSORBED))).all()),
            noticed_median_s=_quantile(noticed, 0.5),
            noticed_p95_s=_quantile(noticed, 0.95),
            redispatch_median_s=_quantile(redispatched, 0.5),
            redispatch_p95_s=_quantile(redispatched, 0.95),
        )


def read_runs(path: Path) -> list[str]:
    """The attempts that hosts noted."""
    return path.read_text().splitlines() if path.exists() else []


def _key(job: Job) -> tuple[str, int, str]:
    return job.bundle, job.device_type_id, job.policy


def _lost(job: Job, judged: dict[tuple[str, int, str], str]) -> bool:
    if job.state == JobState.QUARANTINED:
        return False
    return job.state != JobState.DONE or _key(job) not in judged


def _doubled(session: Session, jobs: Sequence[Job]) -> int:
    reported = Counter(session.scalars(select(Event.subject).where(Event.kind == "reported")).all())
    done = Counter(_key(job) for job in jobs)
    return sum(n - 1 for n in reported.values()) + sum(n - 1 for n in done.values())


def _dangling(session: Session, jobs: Sequence[Job], verdicts: Sequence[Verdict]) -> int:
    known = set(session.scalars(select(Bundle.identity)))
    return sum(bundle not in known for bundle in (*(job.bundle for job in jobs), *(v.bundle for v in verdicts)))


def _quarantined_after_three(job: Job) -> bool:
    lost = sum(attempt.state == AttemptState.LOST for attempt in job.attempts)
    return job.state == JobState.QUARANTINED and lost == 3


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[int(share * (len(ordered) - 1))], 2) if ordered else None


def _followed(jobs: Sequence[Job], kills: Sequence[Kill]) -> Iterable[tuple[float, float]]:
    """Seconds from a kill until the attempt that it took along was given up, and until the next one was sent."""
    for job in jobs:
        for gone, following in itertools.pairwise(job.attempts):
            if gone.state not in GIVEN_UP or gone.finished is None:
                continue
            took = [k.at for k in kills if gone.dispatched <= k.at <= gone.finished and _concerns(k, gone)]
            if took:
                yield (gone.finished - took[0]).total_seconds(), (following.dispatched - took[0]).total_seconds()


def _concerns(kill: Kill, attempt: Attempt) -> bool:
    """Whether a kill may have taken an attempt along; of one that no unit had begun, nobody knows where it was."""
    if kill.kind == "coordinator":
        return False
    return kill.victim in ("redis", "network") or attempt.device is None or attempt.device.unit == kill.victim
