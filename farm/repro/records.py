"""The capsule of a recorded attempt: its bundle, how its unit was driven, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database.beginnings import SHORTEST, id_beginning
from farm.database.models import Attempt, Bundle, Policy, Stack
from farm.database.records import case_of
from farm.errors import NotFoundError, NothingRecordedError
from farm.states.jobs import AttemptState
from farm.states.verdict import decide
from farm.units.conduct import facts_of
from workers.capsule import Capsule, Expected
from workers.capsule.contents import SCHEMA
from workers.outcome import Cause, Outcome
from workers.policy import Policy as Tolerances
from workers.request import Limits

#: Ids that a wrong one is held against: the newest.
_NEAR = 500


@dataclass(frozen=True, slots=True)
class Recorded:
    """A capsule as far as the database has it: ``manifest`` finds the bundle in the artifact store."""

    capsule: Capsule
    manifest: str
    architecture: str
    commit: str


def find_attempt(session: Session, identifier: str) -> Attempt:
    """The attempt whose id begins with ``identifier``.

    Raises:
        NotFoundError: there is none.
        UsageError: several begin so.
    """
    if (found := id_beginning(session, Attempt.id, identifier, "attempt")) is not None:
        return session.get_one(Attempt, found)
    newest = session.scalars(select(Attempt.id).order_by(Attempt.dispatched.desc()).limit(_NEAR))
    raise NotFoundError("attempt", identifier, {known[: max(len(identifier), SHORTEST)] for known in newest})


def recorded_capsule(session: Session, identifier: str) -> Recorded:
    """The capsule of an attempt.

    Raises:
        NotFoundError: there is no such attempt.
        UsageError: several ids begin so.
        NothingRecordedError: nothing came of it.
    """
    attempt = find_attempt(session, identifier)
    if attempt.state != AttemptState.REPORTED or attempt.outcome is None:
        raise NothingRecordedError(
            f"attempt {attempt.id} is {attempt.state}: nothing came of it that could be replayed"
        )
    job = attempt.job
    bundle = session.get_one(Bundle, job.bundle)
    commit = job.submission.commit
    capsule = Capsule(
        schema=SCHEMA,
        made_by=_version(),
        attempt=attempt.id,
        architecture=job.architecture.key,
        commit=commit,
        device=job.device_type.name,
        unit=attempt.device.unit if attempt.device else "unknown",
        observed=(attempt.finished or attempt.dispatched).isoformat(),
        bundle=bundle.identity,
        driver=job.device_type.driver,
        profile=job.device_type.profile,
        policy=Tolerances.from_json(session.get_one(Policy, job.policy).body),
        limits=Limits(float(job.device_type.limits["time_s"]), int(job.device_type.limits["memory_mib"]) << 20),
        measured_stack=_measured_stack(session, attempt),
        expected=_expected(session, attempt),
    )
    return Recorded(capsule, bundle.manifest, job.architecture.name, commit)


def _expected(session: Session, attempt: Attempt) -> Expected:
    stack = session.get_one(Stack, attempt.stack).fingerprint if attempt.stack else {}
    return Expected(
        verdict=decide([facts_of(attempt)]).verdict,
        outcome=Outcome(attempt.outcome or Outcome.HARNESS_ERROR),
        cause=Cause(attempt.cause or Cause.UNKNOWN),
        message=attempt.message,
        stack=dict(stack),
        cases=tuple(case_of(case) for case in attempt.cases),
        unsupported=tuple(attempt.unsupported),
    )


def _measured_stack(session: Session, attempt: Attempt) -> str | None:
    """As the attempt's message had it; of one that was judged again, the message of the attempt that ran."""
    while attempt.rejudged is not None:
        attempt = session.get_one(Attempt, attempt.rejudged)
    return session.get_one(Attempt, attempt.performance).stack if attempt.performance else None


def _version() -> str:
    try:
        return version("device-farm")
    except PackageNotFoundError:
        return "of a source tree"
