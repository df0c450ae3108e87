"""The bisection: asks for the ends, then for the conversions of the range, then for one run after the other.

All of it goes the way of every submission, and all that is known stands in the database. So a bisection that is broken off goes
on where it was when it is called again, whoever carried its jobs out meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select

from farm.bisect.asking import Asker
from farm.bisect.known import Asked, Fact, Known, read_known
from farm.bisect.search import Ask, Found, Result, Step, Undecided, next_step
from farm.database.models import Architecture, Attempt, Conversion, Job, Snapshot
from farm.errors import InfrastructureError, UsageError
from farm.submission.record import Submitted

Carry = Callable[[Sequence[Submitted]], None]
"""Carries submissions through, or waits until others have; raises :class:`~farm.errors.WaitTimeoutError`."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a bisection ended.

    Args:
        step: the commit that is found, or those that are left.
        known: what is known of the range.
        tested: the commits that were asked for, in this order.
        conversions: that this call asked for.
        runs: attempts on the device that this call asked for.
    """

    step: Found | Undecided
    known: Known
    tested: tuple[str, ...]
    conversions: int
    runs: int


@dataclass
class Bisection:
    """One search.

    Args:
        asker: for the commits of the range.
        carry: what is asked for.
        say: progress.
        now: the time by which verdicts count.
    """

    asker: Asker
    carry: Carry
    say: Say
    now: datetime
    _asked: Asked = field(default_factory=Asked)
    _submitted: list[Submitted] = field(default_factory=list)
    _tested: list[str] = field(default_factory=list)
    _made_by: dict[str, str] = field(default_factory=dict)

    def run(self) -> Ended:
        """Search.

        Raises:
            UsageError: an end is not what it is said to be, or nothing differs between them.
            InfrastructureError: an end has no verdict.
            WaitTimeoutError: of ``carry``.
        """
        range_ = self.asker.range
        if range_.closures[range_.good[0]] == range_.closures[range_.bad]:
            raise UsageError(
                f"nothing that {range_.architecture.key} reaches differs between the two commits: what differs is the device"
            )
        self._made_by = self.asker.made_by()
        known = self._ends()
        unmade = [range_.at(closure) for closure in self._unmade(known)]
        if unmade:
            self.say(f"farm: versions of the code between them to convert: {len(unmade)}")
            self._ask(unmade, run=False)
        while True:
            known = self._read()
            step = self._next(known)
            if not isinstance(step, Ask):
                if isinstance(step, Undecided) or step.commit in self._tested or self._stands(step.commit):
                    return Ended(step, known, tuple(self._tested), self._conversions(), self._runs())
                self._ask([step.commit], run=True)  # the table is to say of this very commit what is said of it here
                continue
            self.say(f"farm: bundles left: {step.classes}, tests to do: about {step.tests}; next is {step.commit[:10]}")
            self._ask([step.commit], run=True)
            self.say(f"farm: {step.commit[:10]} is {_told(self._read().fact(step.commit))}")

    def _ends(self) -> Known:
        """What is known once the ends are."""
        range_ = self.asker.range
        ends = (*range_.good, range_.bad)
        known = self._read()
        if missing := [commit for commit in ends if known.fact(commit) is None]:
            self._ask(missing, run=True)
            known = self._read()
        for commit in ends:
            fact = known.fact(commit)
            if fact is None or fact.result is Result.SKIP:
                raise InfrastructureError(f"{commit[:10]} has no verdict on {self.asker.device}: {fact or 'none came'}")
        good, *bases = range_.good
        for commit in (good, *bases):
            if (fact := known.fact(commit)) is not None and fact.result is Result.BAD:
                raise UsageError(f"{_of_good(commit, good)} is bad already on {self.asker.device}: {fact}")
        if (fact := known.fact(range_.bad)) is not None and fact.result is Result.GOOD:
            raise UsageError(f"the bad end {range_.bad[:10]} is good on {self.asker.device}: {fact}")
        return known

    def _unmade(self, known: Known) -> list[str]:
        """Closures that nothing is known of, oldest first."""
        closures = dict.fromkeys(self.asker.range.closures[commit] for commit in self.asker.range.commits)
        return [c for c in closures if c is not None and c not in known.bundles and f"closure {c}" not in known.facts]

    def _next(self, known: Known) -> Step:
        history = self.asker.range.history
        return next_step(history, [known.classes[commit] for commit in history.commits], known.results)

    def _ask(self, commits: Iterable[str], *, run: bool) -> None:
        """Have commits converted, and with ``run`` run; afterwards something is known of each."""
        commits = list(commits)
        submitted = [self.asker.ask(commit, run=run) for commit in commits]
        self._submitted += submitted
        self.carry(submitted)
        closures = {c for commit in commits if (c := self.asker.range.closures[commit]) is not None}
        self._asked = Asked(self._asked.closures | closures, self._asked.bundles)
        if run:
            self._tested += commits
            known = self._read()
            run_now = {known.bundles[c] for c in closures if c in known.bundles}
            self._asked = Asked(self._asked.closures, self._asked.bundles | run_now)

    def _read(self) -> Known:
        asker = self.asker
        with asker.database.read() as session:
            return read_known(
                session, asker.inventory, asker.range, asker.device, self._made_by, self._asked, self.now
            )  # fmt: skip

    def _stands(self, commit: str) -> bool:
        """Whether the records have a bundle, or a failure, of this very commit."""
        key = self.asker.range.architecture.key
        with self.asker.database.read() as session:
            converted = (
                select(Snapshot.bundle)
                .join(Snapshot.architecture)
                .where(Snapshot.commit == commit, Architecture.key == key, Snapshot.bundle.is_not(None))
            )
            failed = (
                select(Conversion.id)
                .join(Architecture)
                .where(Conversion.commit == commit, Architecture.key == key, Conversion.state == "failed")
            )
            return session.scalar(converted) is not None or session.scalar(failed) is not None

    def _conversions(self) -> int:
        return sum(submitted.converting for submitted in self._submitted)

    def _runs(self) -> int:
        own = [submitted.submission for submitted in self._submitted]
        query = select(func.count()).select_from(Attempt).join(Job).where(Job.submission_id.in_(own))
        with self.asker.database.read() as session:
            return session.scalar(query) or 0


def _of_good(commit: str, good: str) -> str:
    if commit == good:
        return f"the good end {commit[:10]}"
    return f"{commit[:10]}, which the bad end and the good one {good[:10]} both grew from,"


def _told(fact: Fact | None) -> str:
    return f"{fact.result}: {fact}" if fact is not None else "not known"
