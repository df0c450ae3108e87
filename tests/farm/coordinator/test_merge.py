from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import Merged, merge, merge_all
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.database.models import Attempt, CaseResult, Device, Event, Job, Stack
from farm.database.models import Verdict as VerdictRow
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, RefusalMessage, StartedMessage
from farm.states.jobs import AttemptState, JobState
from farm.states.verdict import Verdict
from tests.farm.rows import SAMPLES, START, FakeWire, job_states, report, submit
from workers.outcome import Cause, Outcome

HOUR = timedelta(hours=1)


@pytest.fixture
def sent(database: Database, inventory: Inventory) -> AttemptMessage:
    """The first attempt of one network on the numpy device."""
    submit(database, inventory, ["net"])
    return send(database, inventory)


def send(database: Database, inventory: Inventory) -> AttemptMessage:
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    return next(m for m in wire.sent if m.device_type == "numpy")


REASON = "unit-1 refuses the attempt: host speaks attempt/2, coordinator attempt/3"


def refusal(message: AttemptMessage, token: str | None = None) -> RefusalMessage:
    return RefusalMessage(message.attempt, token or message.token, "unit-1", REASON)


def verdict(database: Database) -> VerdictRow | None:
    with database.read() as session:
        return session.scalar(select(VerdictRow))


def count(database: Database, table: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_pass_is_recorded_with_its_figures(database: Database, sent: AttemptMessage) -> None:
    assert merge(database, report(sent), START) is Merged.RECORDED
    assert job_states(database)["net", "numpy"] == JobState.DONE
    found = verdict(database)
    assert found is not None
    assert found.verdict == Verdict.SUPPORTED
    with database.read() as session:
        attempt = session.get_one(Attempt, sent.attempt)
        assert attempt.echoed
        assert [case.sample for case in attempt.cases] == list(SAMPLES)
        assert attempt.cases[0].tensors[0].sqnr_db == 110.0
        assert attempt.stack is not None
        assert session.scalar(select(Device.unit)) == "unit-1"


def test_a_doubled_report_changes_nothing(database: Database, sent: AttemptMessage) -> None:
    merge(database, report(sent), START)
    assert merge(database, report(sent), START) is Merged.DUPLICATE
    assert count(database, CaseResult) == len(SAMPLES)
    with database.read() as session:
        assert session.scalar(select(func.count()).where(Event.kind == "message duplicate")) == 1


def test_a_failure_is_confirmed_once(database: Database, inventory: Inventory, sent: AttemptMessage) -> None:
    merge(database, report(sent, Outcome.MISMATCH, Cause.DEVICE_STACK), START)
    assert job_states(database)["net", "numpy"] == JobState.QUEUED
    merge(database, report(send(database, inventory), Outcome.MISMATCH, Cause.DEVICE_STACK), START)
    assert job_states(database)["net", "numpy"] == JobState.DONE
    found = verdict(database)
    assert found is not None
    assert (found.verdict, found.outcome) == (Verdict.FAILED, Outcome.MISMATCH)


def test_a_failure_that_does_not_come_again_is_flaky(
    database: Database, inventory: Inventory, sent: AttemptMessage
) -> None:
    merge(database, report(sent, Outcome.CRASH, Cause.UNKNOWN), START)
    merge(database, report(send(database, inventory)), START + HOUR)
    found = verdict(database)
    assert found is not None
    assert (found.verdict, found.outcome, found.attempt_id) == (Verdict.FLAKY, Outcome.CRASH, sent.attempt)


def test_infra_is_retried_and_is_no_verdict_on_the_network(
    database: Database, inventory: Inventory, sent: AttemptMessage
) -> None:
    message = sent
    for _ in range(2):
        merge(database, report(message, Outcome.INFRA_ERROR, Cause.INFRA), START)
        assert job_states(database)["net", "numpy"] == JobState.QUEUED
        message = send(database, inventory)
    merge(database, report(message, Outcome.INFRA_ERROR, Cause.INFRA), START)
    assert job_states(database)["net", "numpy"] == JobState.DONE
    found = verdict(database)
    assert found is not None
    assert found.verdict == Verdict.NO_VERDICT


def test_a_late_report_counts_once(database: Database, inventory: Inventory, sent: AttemptMessage) -> None:
    sweep(database, START + HOUR)
    assert job_states(database)["net", "numpy"] == JobState.QUEUED
    assert merge(database, report(sent), START + HOUR) is Merged.RECORDED
    assert job_states(database)["net", "numpy"] == JobState.DONE
    assert merge(database, report(sent), START + HOUR) is Merged.DUPLICATE


def test_a_late_report_and_its_successor_both_stand(
    database: Database, inventory: Inventory, sent: AttemptMessage
) -> None:
    sweep(database, START + HOUR)
    second = send(database, inventory)
    merge(database, report(sent), START + HOUR)
    assert merge(database, report(second), START + HOUR) is Merged.RECORDED
    assert count(database, CaseResult) == 2 * len(SAMPLES)
    found = verdict(database)
    assert found is not None
    assert found.verdict == Verdict.SUPPORTED


def test_a_wrong_token_is_dropped(database: Database, sent: AttemptMessage) -> None:
    import msgspec

    forged = msgspec.structs.replace(report(sent), token="other")
    assert merge(database, forged, START) is Merged.STALE
    assert count(database, CaseResult) == 0


def test_a_host_says_nothing_of_another_types_attempts(database: Database, sent: AttemptMessage) -> None:
    """Not even with the right token: whoever reads the results queue sees it."""
    assert merge(database, report(sent), START, signer="another") is Merged.FORGED
    assert count(database, CaseResult) == 0
    assert merge(database, report(sent), START, signer=sent.device_type) is Merged.RECORDED
    assert merge(database, report(sent), START, signer=sent.device_type) is Merged.DUPLICATE


def test_nobodys_report_is_dropped(database: Database, sent: AttemptMessage) -> None:
    import msgspec

    assert merge(database, msgspec.structs.replace(report(sent), attempt="nobody"), START) is Merged.UNKNOWN
    assert merge(database, sent, START) is Merged.UNKNOWN


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.SUPERSEDED])
def test_a_report_for_a_cancelled_job_is_dropped(database: Database, sent: AttemptMessage, state: JobState) -> None:
    with database.write() as session:
        for job in session.scalars(select(Job)):
            job.state = state
    assert merge(database, report(sent), START) is Merged.STALE
    assert verdict(database) is None


@pytest.mark.parametrize("what", ["bundle", "nonce"])
def test_a_pass_without_evidence_is_vacuous(database: Database, sent: AttemptMessage, what: str) -> None:
    merge(database, report(sent, **{what: "something else"}), START)  # type: ignore[arg-type]
    found = verdict(database)
    assert found is not None
    assert (found.verdict, found.outcome) == (Verdict.NO_VERDICT, Outcome.VACUOUS)
    with database.read() as session:
        attempt = session.get_one(Attempt, sent.attempt)
        assert what in attempt.message
        assert attempt.echoed is False


def test_started_moves_the_job_and_is_idempotent(database: Database, sent: AttemptMessage) -> None:
    started = StartedMessage(sent.attempt, sent.token, "unit-1")
    assert merge(database, started, START) is Merged.RECORDED
    assert job_states(database)["net", "numpy"] == JobState.RUNNING
    assert merge(database, started, START) is Merged.DUPLICATE
    merge(database, report(sent), START)
    assert merge(database, started, START) is Merged.DUPLICATE
    assert job_states(database)["net", "numpy"] == JobState.DONE


def test_hostile_texts_are_cut(database: Database, sent: AttemptMessage) -> None:
    import dataclasses

    import msgspec

    long = report(sent, Outcome.HARNESS_ERROR, Cause.HARNESS)
    long = msgspec.structs.replace(
        long, report=dataclasses.replace(long.report, message="m\x00" * 90_000, log="l" * 90_000)
    )
    assert merge(database, long, START) is Merged.RECORDED
    with database.read() as session:
        attempt = session.get_one(Attempt, sent.attempt)
        assert len(attempt.message) <= 4096
        assert "\x00" not in attempt.message
        assert len(attempt.log) <= 16_384


def test_reports_that_are_merged_at_once_share_what_they_have_in_common(
    database: Database, inventory: Inventory
) -> None:
    """Unit and stack are new to both."""
    submit(database, inventory, ["a", "b"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    messages = [m for m in wire.sent if m.device_type == "numpy"]
    barrier = threading.Barrier(len(messages))
    fates: list[Merged] = []

    def merge_one(message: AttemptMessage) -> None:
        barrier.wait(10)
        fates.append(merge(database, report(message), START))

    threads = [threading.Thread(target=merge_one, args=(m,)) for m in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert fates == [Merged.RECORDED] * 2
    assert (count(database, Device), count(database, Stack)) == (1, 1)


def test_a_name_that_a_terminal_would_obey_is_kept_as_a_name(database: Database, sent: AttemptMessage) -> None:
    assert merge(database, report(sent, unit="\x1b]0;title\x07unit\x00"), START) is Merged.RECORDED
    assert merge(database, report(sent, unit="\x1b]0;title\x07unit\x00"), START) is Merged.DUPLICATE
    with database.read() as session:
        assert session.scalars(select(Device.unit)).all() == ["\ufffd]0;title\ufffdunit\ufffd"]


def test_messages_that_came_together_are_merged_together(database: Database, inventory: Inventory) -> None:
    """The beginnings, the reports, one of them twice, and one of nobody: as if they had come one by one."""
    submit(database, inventory, ["a", "b"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    sent = wire.sent
    started = [StartedMessage(m.attempt, m.token, "unit-1") for m in sent]
    reports = [report(m) for m in sent[:-1]]
    messages = [*started, *reports, reports[0], msgspec.structs.replace(reports[0], attempt="nobody"), sent[0]]
    fates = merge_all(database, [(m, None) for m in messages], START)
    recorded = [Merged.RECORDED] * (len(started) + len(reports))
    assert fates == [*recorded, Merged.DUPLICATE, Merged.UNKNOWN, Merged.UNKNOWN]
    assert Counter(job_states(database).values()) == {JobState.DONE: 3, JobState.RUNNING: 1}
    with database.read() as session:
        assert len(session.scalars(select(VerdictRow)).all()) == 3
        assert len(session.scalars(select(Event).where(Event.kind == "reported")).all()) == 3
        attempts = session.scalars(select(Attempt).where(Attempt.state == AttemptState.REPORTED)).all()
        assert len({a.finished for a in attempts}) == 3
        assert {a.device.unit for a in attempts if a.device} == {"unit-1"}


def test_of_messages_that_came_together_all_are_merged_or_none(
    database: Database, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(database, inventory, ["a"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)

    def broken(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("farm.coordinator.merge.note_report", broken)
    with pytest.raises(RuntimeError):
        merge_all(
            database,
            [(StartedMessage(m.attempt, m.token, "u"), None) for m in wire.sent[1:]] + [(report(wire.sent[0]), None)],
        )
    assert set(job_states(database).values()) == {JobState.DISPATCHED}


def test_a_refusal_ends_its_attempt_with_the_reason(database: Database, sent: AttemptMessage) -> None:
    assert merge(database, refusal(sent), START) is Merged.RECORDED
    with database.read() as session:
        attempt = session.get_one(Attempt, sent.attempt)
        assert (attempt.outcome, attempt.cause, attempt.message) == (Outcome.INFRA_ERROR, Cause.INFRA, REASON)
        assert attempt.job.state == JobState.QUEUED
        assert attempt.job.reason == f"attempt 1 ended with INFRA_ERROR on unit-1, and is repeated: {REASON}"
    assert merge(database, refusal(sent), START) is Merged.DUPLICATE


def test_refusals_end_a_job_without_blaming_the_network(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    for _ in range(3):
        assert merge(database, refusal(send(database, inventory)), START) is Merged.RECORDED
    assert job_states(database)["net", "numpy"] == JobState.DONE
    found = verdict(database)
    assert found is not None
    assert (found.verdict, found.outcome) == (Verdict.NO_VERDICT, Outcome.INFRA_ERROR)


@pytest.mark.parametrize(("token", "signer", "fate"), [("x", None, Merged.STALE), (None, "torch", Merged.FORGED)])
def test_a_refusal_is_believed_no_more_than_a_report(
    database: Database, sent: AttemptMessage, token: str | None, signer: str | None, fate: Merged
) -> None:
    assert merge(database, refusal(sent, token), START, signer=signer) is fate
    assert job_states(database)["net", "numpy"] == JobState.DISPATCHED
