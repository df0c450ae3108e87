"""What the database knows of a range: the bundle that each commit converts to, and what came of each bundle on the device."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from farm.bisect.reading import Range
from farm.bisect.search import Result
from farm.database.models import Architecture, Attempt, Conversion, Job, Verdict
from farm.inventory import Inventory
from farm.planning.known_bundles import converted
from farm.states.jobs import JobState
from farm.states.verdict import Verdict as VerdictName
from farm.verdicts.standings import Terms, counting, read_terms
from workers.outcome import Group, Outcome

ABSENT = "absent"
#: States of a conversion of which nothing is to be expected.
_OVER = ("failed", "cancelled", "superseded", "done")


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a class: by a verdict on its bundle, by a conversion that failed, or that nothing can be learnt.

    ``attempt`` is the one that the verdict quotes.
    """

    result: Result
    verdict: str = ""
    outcome: str = ""
    cause: str = ""
    message: str = ""
    attempt: str | None = None

    def __str__(self) -> str:
        """``FAILED (MISMATCH): output 'out' ...``; for what was skipped, why."""
        what = self.verdict + (f" ({self.outcome})" if self.outcome and self.result is Result.BAD else "")
        return ": ".join(filter(None, (what or self.outcome, self.message)))


@dataclass(frozen=True, slots=True)
class Asked:
    """Closures that this search had converted, and bundles that it had run: of these nothing better is to come."""

    closures: frozenset[str] = frozenset()
    bundles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """Of a range.

    Args:
        bundles: by closure hash, of those that are converted.
        classes: of every candidate and good commit: its bundle, else its closure.
        facts: of the classes that something is known of.
    """

    bundles: Mapping[str, str]
    classes: Mapping[str, str]
    facts: Mapping[str, Fact]

    @property
    def results(self) -> dict[str, Result]:
        """By class."""
        return {name: fact.result for name, fact in self.facts.items()}

    def fact(self, commit: str) -> Fact | None:
        """Of a commit; ``None`` where nothing is known yet."""
        return self.facts.get(self.classes[commit])


def read_known(
    session: Session,
    inventory: Inventory,
    range_: Range,
    device: str,
    made_by: Mapping[str, str],
    asked: Asked,
    now: datetime,
) -> Known:
    """What counts of the records, as for a submission (:mod:`farm.verdicts.inheritance`).

    A conversion that failed for the code's sake is a bad result, as it is in the table. One that failed for another reason, or
    a bundle without a verdict, is asked for again, but once in a search; then it is skipped.
    """
    closures = {closure for closure in range_.closures.values() if closure is not None}
    bundles = converted(session, range_.architecture.key, closures, made_by)
    terms = tuple(term for term in read_terms(session, inventory) if term.device == device)
    facts = {
        f"closure {closure}": fact
        for closure, fact in _not_converted(session, range_, closures - bundles.keys(), asked).items()
    }
    facts |= _verdicts(session, inventory, terms, set(bundles.values()), now)
    for bundle in asked.bundles & set(bundles.values()):
        if bundle not in facts:
            facts[bundle] = Fact(Result.SKIP, VerdictName.NO_VERDICT, message=_why_none(session, terms, bundle))
    facts[ABSENT] = Fact(Result.SKIP, message="there is no such architecture")
    classes = {commit: _class_of(closure, bundles) for commit, closure in range_.closures.items()}
    return Known(bundles, classes, facts)


def _class_of(closure: str | None, bundles: Mapping[str, str]) -> str:
    return ABSENT if closure is None else bundles.get(closure, f"closure {closure}")


def _not_converted(session: Session, range_: Range, closures: Collection[str], asked: Asked) -> dict[str, Fact]:
    """Of closures without a bundle: those whose conversion failed, at whatever commit of the range."""
    commits = {commit: closure for commit, closure in range_.closures.items() if closure in closures}
    query = (
        select(Conversion)
        .join(Architecture)
        .where(Architecture.key == range_.architecture.key, Conversion.commit.in_(commits))
        .order_by(Conversion.id)
    )
    found: dict[str, Fact] = {}
    for row in session.scalars(query):
        closure, outcome = commits[row.commit], Outcome(row.outcome) if row.outcome else None
        assert closure is not None
        product = row.state == "failed" and outcome is not None and outcome.group is Group.PRODUCT
        if product or (closure in asked.closures and row.state in _OVER and closure not in found):
            result = Result.BAD if product else Result.SKIP
            verdict = VerdictName.FAILED if product else VerdictName.NO_VERDICT
            message = row.message or f"the conversion is {row.state}"
            found[closure] = Fact(result, verdict, row.outcome or "", row.cause or "", message)
    for closure in asked.closures & set(closures) - found.keys():
        found[closure] = Fact(Result.SKIP, VerdictName.NO_VERDICT, message="its conversion came to nothing")
    return found


def _verdicts(
    session: Session, inventory: Inventory, terms: tuple[Terms, ...], bundles: Collection[str], now: datetime
) -> dict[str, Fact]:
    """By bundle, where a verdict counts."""
    counts = {bundle: standing for (bundle, _), standing in counting(session, inventory, terms, bundles, now).items()}
    query = select(Verdict).where(
        Verdict.bundle.in_(counts), Verdict.device_type_id.in_([term.type_id for term in terms])
    )
    policies = {term.policy for term in terms}
    rows = session.scalars(query.options(joinedload(Verdict.attempt)))
    return {
        row.bundle: Fact(
            Result.GOOD if row.verdict == VerdictName.SUPPORTED else Result.BAD,
            row.verdict,
            row.outcome,
            row.cause,
            row.attempt.message,
            row.attempt_id,
        )
        for row in rows
        if row.policy in policies and row.stack == counts[row.bundle].stack
    }


def _why_none(session: Session, terms: Iterable[Terms], bundle: str) -> str:
    """Why a bundle that was run has no verdict: how its newest job stands, or what its last attempt said."""
    types = [term.type_id for term in terms]
    job = session.scalar(
        select(Job).where(Job.bundle == bundle, Job.device_type_id.in_(types)).order_by(Job.id.desc()).limit(1)
    )
    if job is None:
        return "no unit was asked"
    if job.state != JobState.DONE:
        return f"job {job.id} is {job.state}" + (f": {job.reason}" if job.reason else "")
    last = session.scalar(
        select(Attempt)
        .where(Attempt.job_id == job.id, Attempt.outcome.is_not(None))
        .order_by(Attempt.n.desc())
        .limit(1)
    )
    if last is None:
        return f"job {job.id} has no report"
    return ": ".join(filter(None, (last.outcome, last.message)))
