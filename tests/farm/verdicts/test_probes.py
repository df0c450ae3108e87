"""Probes as rows: asked for once a verdict is PARTIAL, run after all else, their results beside the verdict and never in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs, to_builtins
from sqlalchemy import select

from farm.conditions.infer import UNDER_WAY, Condition
from farm.conditions.sizes import Size
from farm.coordinator.cancellation import cancel_submission
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.order import IDLE
from farm.database.engine import Database
from farm.database.models import Attempt, Bundle, Job, Probe, Sample
from farm.database.models import Verdict as VerdictRow
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, ReportMessage
from farm.states.conversions import ConversionState
from farm.states.jobs import JobState
from farm.states.verdict import Verdict
from farm.verdicts.probes import claim_probes, observed, probing, sizes_of, subject_of, under_way
from farm.verdicts.redecide import Judged, redecide
from tests.farm.rows import SAMPLES, START, FakeWire, report, sha256, submit
from workers.outcome import Cause, Outcome

HOUR = timedelta(hours=1)
#: What is not about the database is told by one kind of it.
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
#: Of batch, height and width: what the bundle has, and what the first probe tries.
OWN = ((1, 224, 224), (2, 128, 192), (1, 97, 129))
FURTHER = ((1, 48, 160), (1, 132, 136), (1, 81, 230), (1, 105, 132), (1, 64, 66))


def size(batch: int, height: int, width: int) -> Size:
    return Size(batch, height, width, 256 * batch * height * width)


def passes(sample: str) -> bool:
    """The device wants widths that are multiples of eight."""
    return int(sample.partition("x")[2]) % 8 == 0


def says(
    message: AttemptMessage, samples: Sequence[str] = SAMPLES, others: Mapping[str, Outcome] = {}, unit: str = "unit-1"
) -> ReportMessage:
    """The report of that device; ``others`` are the outcomes of some samples."""
    plain = report(message, Outcome.LOAD_REJECTED, Cause.DEVICE_STACK, unit=unit)
    one = plain.report.cases[0]
    outcomes = {name: Outcome.PASS if passes(name) else Outcome.LOAD_REJECTED for name in samples} | dict(others)
    cases = tuple(replace(one, sample=name, outcome=outcome, tensors=()) for name, outcome in outcomes.items())
    return structs.replace(plain, report=replace(plain.report, cases=cases))


class Device:
    """The numpy device of a farm, and the wire to it."""

    def __init__(self, database: Database, inventory: Inventory) -> None:
        self.database, self.inventory = database, inventory

    def sent(self) -> AttemptMessage:
        wire = FakeWire()
        dispatch(self.database, self.inventory, wire, START)
        (message,) = (m for m in wire.sent if m.device_type == "numpy")
        return message

    def confirmed(self, samples: Sequence[str] = SAMPLES) -> None:
        """A failure and the run that confirms it."""
        for _ in range(2):
            merge(self.database, says(self.sent(), samples), START)

    def probes(self) -> list[Probe]:
        with self.database.read() as session:
            return list(session.scalars(select(Probe).order_by(Probe.id)))

    def verdict(self) -> VerdictRow:
        with self.database.read() as session:
            return session.scalars(select(VerdictRow)).one()

    def condition(self) -> Condition | None:
        said = self.verdict().condition
        return Condition.from_json(said) if said else None

    def converted(self, further: Sequence[tuple[int, int, int]] = FURTHER) -> int:
        """What a converter enters for the probe that is queued; returns the job."""
        with self.database.write() as session:
            (probe,) = claim_probes(session, HOUR, START, 8)
            first = session.get_one(Bundle, probe.bundle)
            sizes = [size(*numbers) for numbers in (*OWN, *further)]
            probe.made, probe.sizes = sha256(f"probe {probe.id}"), to_builtins(sizes)
            probe.state = ConversionState.DONE
            session.add(
                Bundle(
                    **{name: getattr(first, name) for name in ("graph", "weights", "files", "parts", "layers", "ops")},
                    identity=probe.made,
                    samples=sha256(f"samples {probe.id}"),
                    manifest=sha256(f"manifest {probe.id}"),
                    size_bytes=1,
                    toolchain={},
                    created=START,
                    sample_rows=[Sample(name=s.sample, position=i) for i, s in enumerate(sizes)],
                )
            )
            session.flush()
            job = Job(
                **subject_of(probe)._replace(bundle=probe.made)._asdict(),
                submission_id=probe.submission_id,
                architecture_id=probe.architecture_id,
                state=JobState.QUEUED,
                priority=IDLE,
                created=START,
                since=START,
                probe_id=probe.id,
            )
            session.add(job)
            session.flush()
            return job.id


ALL = (*SAMPLES, *(f"{height}x{width}" for _, height, width in FURTHER))


@pytest.fixture
def device(database: Database, inventory: Inventory) -> Device:
    submit(database, inventory, ["net"])
    return Device(database, inventory)


@pytest.fixture
def partial(device: Device) -> Device:
    device.confirmed()
    return device


@sqlite_only
def test_a_probe_is_queued_when_the_job_has_ended_and_its_verdict_stands(device: Device) -> None:
    merge(device.database, says(device.sent()), START)
    assert device.verdict().verdict == Verdict.PARTIAL
    assert device.probes() == [], "it is not confirmed yet"
    merge(device.database, says(device.sent()), START + HOUR)
    verdict = device.verdict()
    (probe,) = device.probes()
    assert subject_of(probe) == (verdict.bundle, verdict.device_type_id, verdict.policy)
    assert (probe.stack, probe.round, probe.commit, probe.state) == (verdict.stack, 1, "c1", ConversionState.QUEUED)
    assert verdict.condition is None


@sqlite_only
@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.MISMATCH, Outcome.UNSUPPORTED_OP])
def test_no_other_verdict_has_one(device: Device, outcome: Outcome) -> None:
    for _ in range(2 if outcome is Outcome.MISMATCH else 1):
        merge(device.database, report(device.sent(), outcome, Cause.DEVICE_STACK), START)
    assert device.verdict().verdict != Verdict.PARTIAL
    assert device.probes() == []


def test_the_condition_is_stored_beside_the_verdict_which_stays(partial: Device) -> None:
    before = partial.verdict()
    job = partial.converted()
    partial.confirmed(ALL)
    after, condition = partial.verdict(), partial.condition()
    assert condition is not None
    assert condition.text == "fails unless W % 8 == 0"
    assert (condition.passes, condition.fails) == (4, 4)
    assert (after.verdict, after.attempt_id, after.decided) == (before.verdict, before.attempt_id, before.decided)
    with partial.database.read() as session:
        row = session.get_one(Job, job)
        assert (row.state, [a.outcome for a in row.attempts]) == (JobState.DONE, [Outcome.LOAD_REJECTED] * 2)
    first, second = partial.probes()
    assert [s.sample for s in sizes_of(first)] == list(ALL)
    assert (second.round, second.state, second.stack) == (2, ConversionState.QUEUED, first.stack)


@sqlite_only
def test_at_the_sizes_of_a_probe_nothing_is_timed(partial: Device) -> None:
    """A run for the answer, none for the clock, where the stack is that of the verdict."""
    partial.converted()
    message = partial.sent()
    assert message.measured_stack == partial.verdict().stack


def test_two_rounds_are_the_last(partial: Device) -> None:
    partial.converted()
    partial.confirmed(ALL)
    partial.converted(((1, 60, 70),))
    partial.confirmed([*SAMPLES, "60x70"])
    condition = partial.condition()
    assert condition is not None
    assert (condition.passes, condition.fails) == (4, 5)
    assert [(p.round, p.state) for p in partial.probes()] == [(1, "done"), (2, "done")]


@sqlite_only
def test_a_verdict_that_is_proved_again_keeps_its_condition_and_asks_for_no_probe(partial: Device) -> None:
    partial.converted()
    partial.confirmed(ALL)
    with partial.database.write() as session:
        job = session.scalars(select(Job).where(Job.probe_id.is_(None))).first()
        redecide(session, {Judged(*subject_of(job)): START + HOUR})
    condition = partial.condition()
    assert condition is not None
    assert condition.fits
    assert len(partial.probes()) == 2


@sqlite_only
def test_a_condition_goes_with_the_verdict_that_it_was_of(partial: Device) -> None:
    """The same bundle passes later: it is flaky, and no condition holds."""
    partial.converted()
    partial.confirmed(ALL)
    with partial.database.write() as session:
        done = session.scalars(select(Attempt).join(Job).where(Job.probe_id.is_(None))).first()
        done.outcome = Outcome.PASS
        session.flush()
        redecide(session, {Judged(*subject_of(done.job)): START})
    assert (partial.verdict().verdict, partial.condition()) == (Verdict.FLAKY, None)


@sqlite_only
def test_what_passes_and_fails_by_turns_has_no_condition(partial: Device) -> None:
    partial.converted()
    merge(partial.database, says(partial.sent(), ALL, {"224x224": Outcome.LOAD_REJECTED}), START)
    condition = partial.condition()
    assert condition is not None
    assert (condition.fits, condition.why) == (False, "224x224 both passed and failed")
    assert partial.verdict().verdict == Verdict.PARTIAL


@sqlite_only
@pytest.mark.parametrize("outcome", [Outcome.PRECLUDED, Outcome.HARNESS_ERROR, Outcome.DEVICE_TIMEOUT])
def test_what_says_nothing_of_a_size_is_no_observation(partial: Device, outcome: Outcome) -> None:
    partial.converted()
    merge(partial.database, says(partial.sent(), ALL, dict.fromkeys(ALL[3:], outcome)), START)
    (probe, *_) = partial.probes()
    with partial.database.read() as session:
        seen = observed(session, subject_of(probe), [probe])[probe.stack]
    assert {str(o.size) for o in seen} == {str(size(*numbers)) for numbers in OWN}


@sqlite_only
def test_infrastructure_is_retried_as_ever_and_leaves_the_verdict_alone(partial: Device) -> None:
    before = partial.verdict()
    job = partial.converted()
    merge(partial.database, report(partial.sent(), Outcome.INFRA_ERROR, Cause.INFRA), START)
    with partial.database.read() as session:
        assert session.get_one(Job, job).state == JobState.QUEUED
    partial.confirmed(ALL)
    condition = partial.condition()
    assert condition is not None
    assert condition.fits
    assert partial.verdict().attempt_id == before.attempt_id


@sqlite_only
def test_what_one_unit_alone_fails_is_not_observed_of_the_network(partial: Device) -> None:
    partial.converted()
    merge(partial.database, says(partial.sent(), ALL, {"48x160": Outcome.MISMATCH}, unit="bad"), START)
    good = says(partial.sent(), ALL, dict.fromkeys(ALL, Outcome.PASS), unit="good")
    merge(partial.database, structs.replace(good, report=replace(good.report, outcome=Outcome.PASS)), START + HOUR)
    (probe, *_) = partial.probes()
    with partial.database.read() as session:
        seen = observed(session, subject_of(probe), [probe])[probe.stack]
    assert {o.passed for o in seen if o.size.sample == "48x160"} == {True}


def test_another_job_goes_first_however_late_it_comes(partial: Device) -> None:
    partial.converted()
    for n in range(6):
        submit(partial.database, partial.inventory, [f"late{n}"], f"d{n}", submitted=START + HOUR)
    begun = []
    for _ in range(7):
        wire = FakeWire()
        dispatch(partial.database, partial.inventory, wire, START)
        for message in wire.sent:
            begun += [message.architecture] if message.device_type == "numpy" else []
            merge(partial.database, report(message), START)
    assert begun[-1] == "network:net"
    assert begun.count("network:net") == 1
    assert len(begun) == 7


@sqlite_only
def test_a_newer_commit_does_not_supersede_a_probe(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], branch="main")
    device = Device(database, inventory)
    device.confirmed()
    job = device.converted()
    submit(database, inventory, ["net"], "c2", version="2", branch="main", submitted=START + HOUR)
    with database.read() as session:
        assert session.get_one(Job, job).state == JobState.QUEUED


@sqlite_only
def test_a_submission_that_is_cancelled_takes_its_probes_along(partial: Device) -> None:
    (probe,) = partial.probes()
    with partial.database.write() as session:
        cancel_submission(session, probe.submission_id, "typo", START)
        assert claim_probes(session, HOUR, START, 8) == []
    assert partial.probes()[0].state == ConversionState.FAILED


def test_how_far_a_probe_is_can_be_told(partial: Device) -> None:
    (probe,) = partial.probes()
    key = (*subject_of(probe), probe.stack)

    def told() -> tuple[str, int]:
        with partial.database.read() as session:
            still = session.scalars(select(Probe.id).where(under_way())).all()
            return probing(session, [probe.bundle])[key], len(still)

    assert told() == (UNDER_WAY, 1)
    partial.converted()
    assert told() == (UNDER_WAY, 1)
    partial.confirmed(ALL)
    with partial.database.write() as session:
        (second,) = claim_probes(session, HOUR, START, 8)
        second.state, second.message = ConversionState.DONE, "no further size would tell more"
    assert told() == ("no further size would tell more", 0)
