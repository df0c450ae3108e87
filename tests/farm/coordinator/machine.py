"""The queue under everything that can happen to it, as a state machine that hypothesis drives and shrinks.

Coordinators keep nothing between two steps, so that each step may be another one's; they die in the middle of sending. The wire
loses, doubles, keeps and reorders; units die, come late, and lie; people submit, cancel, supersede and release. What must hold
whatever happens is in :meth:`Queue.holds`, after every step, and in :meth:`Queue.teardown`, once every unit answers.
"""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.coordinator.cancellation import cancel_jobs, cancel_submission
from farm.coordinator.deadline import expire
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import Merged, merge
from farm.coordinator.release import newer_job, release_job
from farm.coordinator.roster import Entry
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.database.models import Attempt, CaseResult, DeviceType, Event, Job, Submission, Verdict
from farm.errors import InfrastructureError
from farm.inventory import Inventory, QueueSection
from farm.protocol import AttemptMessage, Message, ReportMessage, StartedMessage
from farm.states.jobs import MAX_LOST, OPEN_ATTEMPTS, OPEN_JOBS, AttemptState, JobState
from farm.states.verdict import Facts, decide
from farm.units.stacks import UNKNOWN
from farm.wires import Addressed
from tests.farm.rows import SAMPLES, START, report, submit
from workers.outcome import Cause, Outcome

DEVICES = ("numpy", "torch")
OUTCOMES = (
    Outcome.PASS, Outcome.MISMATCH, Outcome.CRASH, Outcome.INFRA_ERROR, Outcome.INFRA_ERROR, Outcome.UNSUPPORTED_OP,
)  # fmt: skip
ENDS = (Outcome.INFRA_ERROR, Outcome.PASS, Outcome.MISMATCH)
WINDOWS = (2, 1, 5)
#: Longer than the longest lease of the inventory, with the largest of the windows.
LEASE = timedelta(hours=2)


class Killed(BaseException):
    """The coordinator's process ends here."""


@dataclass
class Wire:
    """Carries attempts to the queue of each device type; ``ends`` says how the ``after``-th message of a round goes wrong.

    Worse than a broker that takes all or none, it keeps those before the one that went wrong.
    """

    queues: dict[str, deque[AttemptMessage]]
    ends: str = "well"
    after: int = 0

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        for each in attempts:
            self._send(each.message)

    def _send(self, message: AttemptMessage) -> None:
        wrong, self.after = self.ends != "well" and self.after == 0, self.after - 1
        if wrong and self.ends == "killed":
            raise Killed
        if not wrong or self.ends == "unanswered":
            self.queues[message.device_type].append(message)
        if wrong:
            raise InfrastructureError("the broker is away")


def index(upper: int = 40) -> st.SearchStrategy[int]:
    return st.integers(0, upper)


class Queue(RuleBasedStateMachine):
    """The machine; ``make`` gives an empty database, which it closes."""

    def __init__(self, make: Callable[[], Database], inventory: Inventory) -> None:
        super().__init__()
        self.database, self.inventory = make(), inventory
        self.now = START
        self.queues: dict[str, deque[AttemptMessage]] = {device: deque() for device in DEVICES}
        self.working: list[tuple[AttemptMessage, str]] = []
        self.results: list[Message] = []
        self.recorded: Counter[str] = Counter()
        self.ended: dict[int, str] = {}
        self.made = 0
        self.commits = 0

    @initialize(window=st.sampled_from(WINDOWS))
    def begin_with_something(self, window: int) -> None:
        self.inventory = self.inventory.model_copy(update={"queue": QueueSection(window=window)})
        Entry(self.database).renew(self.now)
        self.submit({"a", "b"}, 0, "main")

    # What people do.

    @rule(
        names=st.sets(st.sampled_from("ab"), min_size=1),
        version=st.integers(0, 1),
        branch=st.sampled_from(("main", "side", None)),
    )
    def submit(self, names: set[str], version: int, branch: str | None) -> None:
        self.commits += 1
        self.now += timedelta(seconds=1)
        commit, chosen = f"commit{self.commits}", sorted(names)
        submit(
            self.database, self.inventory, chosen, commit, version=str(version), submitted=self.now, branch=branch
        )  # fmt: skip

    def cancel(self, which: int) -> None:
        with self.database.write(in_turn=True) as session:
            jobs = session.scalars(select(Job.id).where(Job.state.in_(OPEN_JOBS)).order_by(Job.id)).all()
            if jobs:
                cancel_jobs(session, [jobs[which % len(jobs)]], "by a test", self.now)

    def cancel_all_of(self, which: int) -> None:
        with self.database.write(in_turn=True) as session:
            known = session.scalars(select(Submission.id).order_by(Submission.created)).all()
            cancel_submission(session, known[which % len(known)], "by a test", self.now)

    def release(self, _: int) -> None:
        with self.database.write(in_turn=True) as session:
            for job in session.scalars(select(Job).where(Job.state == JobState.QUARANTINED)).all():
                if newer_job(session, job) is None:
                    release_job(session, job.id, "by a test", self.now)

    # What coordinators do.

    @rule(ends=st.sampled_from(("well", "well", "away", "unanswered", "killed")), after=index(5))
    def dispatch(self, ends: str, after: int) -> None:
        before = self.under_way()
        with contextlib.suppress(InfrastructureError, Killed):
            dispatch(self.database, self.inventory, Wire(self.queues, ends, after), self.now)
        for device, number in self.under_way().items():
            assert number <= max(before[device], self.inventory.queue.window * self.inventory.devices[device].units)

    def expire(self, _: int) -> None:
        """Two weeks in which nothing happened."""
        self.now += timedelta(days=15)
        Entry(self.database).renew(self.now)
        expire(self.database, self.inventory, self.now, attended=True)

    @precondition(lambda self: self.results)
    @rule(which=index(), again=st.booleans())
    def deliver(self, which: int, again: bool) -> None:
        """Merge a message that is there, in any order; it may come again."""
        place = which % len(self.results)
        message = self.results[place] if again else self.results.pop(place)
        self.merge(message)

    # What units and the broker do.

    @rule(device=st.sampled_from(DEVICES), unit=st.sampled_from(("unit-1", "unit-2")), quickly=st.booleans())
    def begin(self, device: str, unit: str, quickly: bool) -> None:
        """A unit takes up what comes next; its word arrives at once, or waits to be delivered."""
        if self.queues[device]:
            message = self.queues[device].popleft()
            self.working.append((message, unit))
            self.say(StartedMessage(message.attempt, message.token, unit), quickly)

    @precondition(lambda self: self.working)
    @rule(
        which=index(), outcome=st.sampled_from(OUTCOMES), stack=st.sampled_from(("old", "new")), quickly=st.booleans()
    )
    def end(self, which: int, outcome: Outcome, stack: str, quickly: bool) -> None:
        message, unit = self.working.pop(which % len(self.working))
        self.say(report(message, outcome, Cause.UNKNOWN, unit=unit, stack=stack), quickly)

    def say(self, message: Message, quickly: bool) -> None:
        if quickly:
            self.merge(message)
        else:
            self.results.append(message)

    def die(self, which: int) -> None:
        if self.working:
            self.working.pop(which % len(self.working))

    def vanish(self, which: int) -> None:
        queue = self.queues[DEVICES[which % 2]]
        if queue:
            queue.popleft()

    def double(self, which: int) -> None:
        queue = self.queues[DEVICES[which % 2]]
        if queue:
            queue.append(queue[0])

    def turn(self, which: int) -> None:
        """What was given back to the broker comes again, in another order."""
        self.queues[DEVICES[which % 2]].rotate(1)

    def forget(self, _: int) -> None:
        """A broker without persistence is started again."""
        self.results.clear()
        for queue in self.queues.values():
            queue.clear()

    def forge(self, which: int) -> None:
        if self.results:
            message = self.results[which % len(self.results)]
            assert isinstance(message, StartedMessage | ReportMessage)
            forged = msgspec.structs.replace(message, token="forged")
            assert merge(self.database, forged, self.now) in (Merged.STALE, Merged.UNKNOWN)

    @rule(
        how=st.sampled_from(
            ("cancel", "cancel_all_of", "release", "expire", "die", "vanish", "double", "turn", "forget", "forge")
        ),
        which=index(),
    )
    def interfere(self, how: str, which: int) -> None:
        """One rule for all that is rare: else there is nothing left that it could do harm to."""
        getattr(self, how)(which)

    @rule(minutes=st.sampled_from((1, 6, 12, 20)), again=st.booleans())
    def time_passes(self, minutes: int, again: bool) -> None:
        """Leases run out: none, those of what runs, those of what was sent too. What was given up is sent again, or not yet."""
        self.now += timedelta(minutes=minutes)
        sweep(self.database, self.now)
        if again:
            self.dispatch("well", 0)

    # What must hold.

    @invariant()
    def holds(self) -> None:
        with self.database.read() as session:
            jobs = session.scalars(select(Job)).all()
            attempts = session.scalars(select(Attempt)).all()
            self.no_job_is_lost(jobs, attempts)
            self.no_report_counts_twice(session)
            self.quarantine_is_for_what_was_lost(jobs, attempts)
            verdicts_are_what_the_attempts_say(session, attempts)

    def no_job_is_lost(self, jobs: Sequence[Job], attempts: Sequence[Attempt]) -> None:
        assert sum(Counter(job.state for job in jobs).values()) == len({job.id for job in jobs}) >= self.made
        self.made = len(jobs)
        wanted = Counter((job.bundle, job.device_type_id, job.policy) for job in jobs if job.state in OPEN_JOBS)
        assert all(number == 1 for number in wanted.values())
        under_way = Counter(a.job_id for a in attempts if a.state in OPEN_ATTEMPTS)
        for job in jobs:
            if job.state in (JobState.DISPATCHED, JobState.RUNNING):
                assert under_way[job.id], f"job {job.id} is {job.state}, and nobody will ever move it"
            if job.state == JobState.QUEUED:
                assert not under_way[job.id], f"job {job.id} is queued, and under way"
            ended = self.ended.setdefault(job.id, job.state) if job.state not in OPEN_JOBS else None
            assert ended in (None, job.state)
            assert job.id not in self.ended or job.state not in OPEN_JOBS, f"job {job.id} left its end"

    def no_report_counts_twice(self, session: Session) -> None:
        assert all(number == 1 for number in self.recorded.values())
        samples = select(CaseResult.attempt_id, func.count()).group_by(CaseResult.attempt_id)
        cases = {row[0]: row[1] for row in session.execute(samples)}
        assert cases == dict.fromkeys(self.recorded, len(SAMPLES))
        events = session.scalars(select(Event.subject).where(Event.kind == "reported")).all()
        assert Counter(events) == self.recorded

    def quarantine_is_for_what_was_lost(self, jobs: Sequence[Job], attempts: Sequence[Attempt]) -> None:
        lost = Counter(a.job_id for a in attempts if a.state == AttemptState.LOST)
        for job in jobs:
            if job.state in OPEN_JOBS:
                assert lost[job.id] < MAX_LOST or any(a.job_id == job.id and a.state in OPEN_ATTEMPTS for a in attempts)
            if job.state == JobState.QUARANTINED:
                assert job.reason.startswith(f"{MAX_LOST} attempts were lost: ")

    def under_way(self) -> Counter[str]:
        with self.database.read() as session:
            query = (
                select(DeviceType.name)
                .select_from(Attempt)
                .join(Job, Attempt.job_id == Job.id)
                .join(DeviceType, Job.device_type_id == DeviceType.id)
                .where(Attempt.state.in_(OPEN_ATTEMPTS))
            )
            return Counter(session.scalars(query).all())

    def merge(self, message: Message) -> None:
        fate = merge(self.database, message, self.now)
        if isinstance(message, ReportMessage) and fate is Merged.RECORDED:
            self.recorded[message.attempt] += 1
        with self.database.read() as session:
            attempt = session.get(Attempt, message.attempt)
            if attempt is not None and attempt.job.state == JobState.QUEUED:
                assert not [a for a in attempt.job.attempts if a.state in OPEN_ATTEMPTS]

    def teardown(self) -> None:
        """From here on every unit answers, if only that something is wrong: then every job ends, and what is done is judged."""
        try:
            for _ in range(3 * MAX_LOST):
                self.now += LEASE
                sweep(self.database, self.now)
                while dispatch(self.database, self.inventory, Wire(self.queues), self.now):
                    self.answer_all()
                self.answer_all()
            self.holds()
            with self.database.read() as session:
                left = session.scalars(select(Job).where(Job.state.in_(OPEN_JOBS))).all()
                assert not left, f"never ended: {[(job.id, job.state, job.reason) for job in left]}"
                judged = {(v.bundle, v.device_type_id, v.policy) for v in session.scalars(select(Verdict))}
                for job in session.scalars(select(Job).where(Job.state == JobState.DONE)):
                    assert (job.bundle, job.device_type_id, job.policy) in judged
        finally:
            self.database.close()

    def answer_all(self) -> None:
        for queue in self.queues.values():
            while queue:
                self.working.append((queue.popleft(), "unit-1"))
        for message, unit in self.working:
            self.merge(StartedMessage(message.attempt, message.token, unit))
        for place, (message, unit) in enumerate(self.working):
            self.merge(report(message, ENDS[place % len(ENDS)], unit=unit))
        self.working.clear()
        while self.results:
            self.merge(self.results.pop())


def verdicts_are_what_the_attempts_say(session: Session, attempts: Sequence[Attempt]) -> None:
    """Written out once more, from all that is recorded."""
    said: dict[tuple[str, int, str, str], list[Attempt]] = {}
    for attempt in sorted(attempts, key=lambda a: (a.finished or START, a.id)):
        if attempt.state == AttemptState.REPORTED:
            job = attempt.job
            key = (job.bundle, job.device_type_id, job.policy, attempt.stack or UNKNOWN)
            said.setdefault(key, []).append(attempt)
    expected = {}
    for key, own in said.items():
        decided = decide([facts_of(attempt) for attempt in own])
        expected[key] = (decided.verdict, decided.outcome, own[decided.position].id, own[decided.newest].finished)
    found = {
        (v.bundle, v.device_type_id, v.policy, v.stack): (v.verdict, v.outcome, v.attempt_id, v.proved)
        for v in session.scalars(select(Verdict))
    }
    assert found == expected


def facts_of(attempt: Attempt) -> Facts:
    outcome, cases = Outcome(attempt.outcome or ""), tuple(Outcome(case.outcome) for case in attempt.cases)
    return Facts(outcome, Cause(attempt.cause or ""), cases, attempt.device_id)
