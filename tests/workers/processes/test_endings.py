"""What the end of a child means: by how it ended, where it was, and what it had told."""

import signal
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.policies import FP32
from workers.channel import Heard
from workers.outcome import Cause, Group, Outcome
from workers.processes.endings import conclude
from workers.processes.supervise import Ending
from workers.report import AttemptReport, CaseReport, Stage
from workers.request import AttemptRequest, Limits

LIMIT = 1 << 30
REQUEST = AttemptRequest("/bundles/tiny", "b" * 64, "numpy", {}, FP32, Limits(30, LIMIT), "nonce")
SAMPLES = ("8x8", "8x12", "9x9")
GOOD = CaseReport("8x8", Outcome.PASS)
WRONG = CaseReport("8x8", Outcome.MISMATCH, "output 'out' leaves its golden")
HUNG = Ending(-9, True, "log", 1 << 20)


def died(number: int, peak: int | None = 1 << 20) -> Ending:
    return Ending(-number, False, "log", peak)


def at(stage: Stage, sample: str = "", *cases: CaseReport) -> Heard:
    return Heard("b" * 64, SAMPLES, {"driver": "numpy"}, stage, sample, list(cases))


def told(report: AttemptReport, **more: object) -> Heard:
    return Heard("b" * 64, SAMPLES, {}, Stage.RUN, report=report, **more)  # type: ignore[arg-type]


REPORT = AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, "b" * 64, "nonce", cases=(GOOD,))


@pytest.mark.parametrize("sample", ["", "8x12"])
@pytest.mark.parametrize("stage", [Stage.LOAD, Stage.RUN])
@pytest.mark.parametrize(
    ("ending", "outcome", "said"),
    [
        (HUNG, Outcome.DEVICE_TIMEOUT, "not done after 30 s"),
        (died(signal.SIGSEGV), Outcome.CRASH, "SIGSEGV"),
        (died(signal.SIGABRT, None), Outcome.CRASH, "SIGABRT"),
        (died(signal.SIGABRT, LIMIT), Outcome.OUT_OF_MEMORY, "1024 of 1024 MiB"),
        (died(signal.SIGKILL, LIMIT * 19 // 20), Outcome.OUT_OF_MEMORY, "972 of 1024 MiB"),
    ],
)
def test_what_happens_while_the_network_loads_and_runs_is_the_products(
    stage: Stage, sample: str, ending: Ending, outcome: Outcome, said: str
) -> None:
    report = conclude(REQUEST, at(stage, sample), ending)
    assert (report.outcome, report.cause, report.stage) == (outcome, Cause.DEVICE_STACK, stage)
    assert said in report.message
    assert f"at stage {stage}" in report.message
    assert sample in report.message
    assert (report.bundle, report.nonce, report.log) == ("b" * 64, "nonce", "log")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGRTMIN + 3])
@pytest.mark.parametrize("stage", [s for s in Stage if s is not Stage.LOCALISE])
def test_a_signal_from_outside_is_infra_wherever_it_strikes(number: int, stage: Stage) -> None:
    report = conclude(REQUEST, at(stage), died(number))
    assert (report.outcome, report.cause, report.signal) == (Outcome.INFRA_ERROR, Cause.INFRA, number)
    assert "from outside" in report.message


@pytest.mark.parametrize("ending", [HUNG, died(signal.SIGSEGV), died(signal.SIGKILL, LIMIT)])
def test_a_unit_that_does_not_come_back_from_the_canary_is_broken(ending: Ending) -> None:
    for cases in ((), (WRONG,)):
        report = conclude(REQUEST, at(Stage.CANARY, "", *cases), ending)
        assert (report.outcome, report.cause) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)
        assert report.message.startswith("canary failed: ")


@pytest.mark.parametrize("ending", [HUNG, died(signal.SIGSEGV), died(signal.SIGSEGV, LIMIT)])
def test_what_happens_while_outputs_are_compared_is_the_harness_own(ending: Ending) -> None:
    report = conclude(REQUEST, at(Stage.COMPARE, "8x8"), ending)
    assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (HUNG, Outcome.INFRA_ERROR),
        (died(signal.SIGSEGV), Outcome.HARNESS_ERROR),
        (died(9, LIMIT), Outcome.HARNESS_ERROR),
    ],
)
def test_nothing_before_the_device_is_asked_is_its_fault(ending: Ending, outcome: Outcome) -> None:
    assert conclude(REQUEST, at(Stage.FETCH), ending).outcome is outcome


@pytest.mark.parametrize("ending", [HUNG, died(signal.SIGSEGV), died(signal.SIGKILL), Ending(0, False, "", None)])
def test_a_death_while_the_layer_is_looked_for_takes_nothing_from_the_finding(ending: Ending) -> None:
    cases = (WRONG, CaseReport("8x12", Outcome.PASS), CaseReport("9x9", Outcome.PASS))
    report = conclude(REQUEST, at(Stage.LOCALISE, "", *cases), ending)
    assert (report.outcome, report.cause) == (Outcome.MISMATCH, Cause.DEVICE_STACK)
    assert report.cases == cases
    assert report.message.startswith("8x8: output 'out' leaves its golden; the layer is not known: ")


def test_a_child_that_only_claims_to_have_passed_has_not() -> None:
    cases = [CaseReport(name, Outcome.PASS) for name in SAMPLES]
    for stage in Stage:
        for ending in (HUNG, died(signal.SIGSEGV), Ending(0, False, "", None)):
            assert conclude(REQUEST, at(stage, "", *cases), ending).outcome.group is not Group.GOOD


def test_an_exit_without_a_report_is_the_harness_own() -> None:
    report = conclude(REQUEST, at(Stage.RUN, "8x12", GOOD), Ending(3, False, "log", None))
    assert (report.outcome, report.cause, report.signal) == (Outcome.HARNESS_ERROR, Cause.HARNESS, None)
    assert "code 3" in report.message


def test_cases_that_were_told_are_kept_and_the_rest_had_no_chance() -> None:
    report = conclude(REQUEST, at(Stage.RUN, "8x12", GOOD), died(signal.SIGSEGV))
    assert [(c.sample, c.outcome) for c in report.cases] == [
        ("8x8", Outcome.PASS),
        ("8x12", Outcome.CRASH),
        ("9x9", Outcome.PRECLUDED),
    ]


def test_a_worse_case_before_the_death_is_the_outcome_and_both_are_said() -> None:
    report = conclude(REQUEST, at(Stage.RUN, "8x12", WRONG), died(signal.SIGSEGV))
    assert (report.outcome, report.cause) == (Outcome.MISMATCH, Cause.DEVICE_STACK)
    assert report.message == "8x8: output 'out' leaves its golden; then ended by SIGSEGV at stage run of 8x12"


def test_a_wrong_case_does_not_make_an_infra_death_the_products() -> None:
    report = conclude(REQUEST, at(Stage.RUN, "8x12", WRONG), died(signal.SIGKILL))
    assert (report.outcome, report.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)
    assert report.cases[0] == WRONG


def test_a_signal_of_our_own_is_not_reported_as_the_childs() -> None:
    assert conclude(REQUEST, at(Stage.RUN), HUNG).signal is None
    assert conclude(REQUEST, at(Stage.RUN), died(signal.SIGSEGV)).signal == 11


class TestReports:
    def test_a_report_counts_whatever_became_of_the_child_after_it(self) -> None:
        for ending in (Ending(0, False, "log", None), died(signal.SIGSEGV), Ending(-9, False, "log", None)):
            report = conclude(REQUEST, told(REPORT), ending)
            assert report == replace(REPORT, log="log", peak_memory_bytes=ending.peak_memory_bytes)

    def test_the_larger_peak_is_kept(self) -> None:
        report = conclude(REQUEST, told(replace(REPORT, peak_memory_bytes=5)), Ending(0, False, "", 7))
        assert report.peak_memory_bytes == 7
        report = conclude(REQUEST, told(replace(REPORT, peak_memory_bytes=5)), Ending(0, False, "", None))
        assert report.peak_memory_bytes == 5

    def test_the_log_is_what_the_parent_saw(self) -> None:
        assert conclude(REQUEST, told(replace(REPORT, log="forged")), Ending(0, False, "seen", None)).log == "seen"

    def test_a_report_beside_nonsense_does_not_count(self) -> None:
        report = conclude(REQUEST, told(REPORT, nonsense="not a message"), Ending(0, False, "", None))
        assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
        assert "not a message" in report.message

    @pytest.mark.parametrize("echo", [{"bundle": "c" * 64}, {"nonce": "old"}])
    def test_a_pass_without_its_echo_is_vacuous(self, echo: dict[str, str]) -> None:
        report = conclude(REQUEST, told(replace(REPORT, **echo)), Ending(0, False, "", None))  # type: ignore[arg-type]
        assert report.outcome is Outcome.VACUOUS


ENDINGS = st.builds(
    Ending,
    st.integers(-64, 255),
    st.booleans(),
    st.just(""),
    st.none() | st.integers(0, 2 * LIMIT),
).filter(lambda ending: ending.code < 0 or not ending.timed_out)
CASES = st.lists(st.builds(CaseReport, st.sampled_from(SAMPLES), st.sampled_from(list(Outcome))), max_size=3)


@given(ENDINGS, st.sampled_from(list(Stage)), st.sampled_from(["", *SAMPLES]), CASES)
def test_no_end_without_a_report_is_a_pass_and_few_are_the_products(
    ending: Ending, stage: Stage, sample: str, cases: list[CaseReport]
) -> None:
    report = conclude(REQUEST, at(stage, sample, *cases), ending)
    assert report.outcome.group is not Group.GOOD
    if report.outcome.group is Group.PRODUCT:
        assert stage in (Stage.LOAD, Stage.RUN, Stage.LOCALISE)
        assert report.cause in (Cause.DEVICE_STACK, Cause.CONVERTER, Cause.MODEL_CODE)
    assert [case.sample for case in report.cases] == list(SAMPLES)
    assert report.message
