"""What a pass is made of: enough samples, outputs that could have shown an error, echoes of what was asked for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.bundle import Sample
from tests.workers.bundles import branched
from tests.workers.policies import FP16, FP32
from workers.judging.evidence import (
    MIN_SAMPLES,
    MIN_SENSITIVITY,
    Finding,
    cause_of,
    confirm,
    has_fixed_sizes,
    lacks,
    roll_up,
    weigh,
    with_canary,
)
from workers.outcome import Cause, Group, Outcome
from workers.report import AttemptReport, CaseReport, Stage

NAMES = ("16x16", "12x20", "13x17")


def sample(*values: float, sensitivity: float | None = 1.0) -> Sample:
    golden = np.array(values, np.float32)
    return Sample("1x1", {}, {"out": golden}, sensitivity={} if sensitivity is None else {"out": sensitivity})


def cases(*outcomes: Outcome) -> list[CaseReport]:
    return [CaseReport(name, outcome, f"why {outcome}") for name, outcome in zip(NAMES, outcomes, strict=False)]


class TestCause:
    @pytest.mark.parametrize(
        ("outcome", "cause"),
        [
            (Outcome.MISMATCH, Cause.DEVICE_STACK),
            (Outcome.CRASH, Cause.DEVICE_STACK),
            (Outcome.UNSUPPORTED_OP, Cause.DEVICE_STACK),
            (Outcome.CONVERT_FAILED, Cause.CONVERTER),
            (Outcome.MODEL_FAILED, Cause.MODEL_CODE),
            (Outcome.REFERENCE_INVALID, Cause.REFERENCE),
            (Outcome.VACUOUS, Cause.HARNESS),
            (Outcome.INFRA_ERROR, Cause.INFRA),
            (Outcome.PASS, Cause.UNKNOWN),
        ],
    )
    def test_what_an_outcome_speaks_for(self, outcome: Outcome, cause: Cause) -> None:
        assert cause_of(outcome) is cause

    @pytest.mark.parametrize("outcome", [o for o in Outcome if o.group in (Group.INFRA, Group.HARNESS)])
    def test_infra_and_harness_never_blame_the_model_or_the_device(self, outcome: Outcome) -> None:
        assert cause_of(outcome) in (Cause.INFRA, Cause.HARNESS, Cause.REFERENCE)


class TestWhatASampleLacks:
    def test_a_good_sample_lacks_nothing(self) -> None:
        assert lacks(sample(1.0, 2.0), FP32) == ""
        assert all(lacks(stored, FP32) == "" for stored in branched().samples)

    def test_an_empty_output(self) -> None:
        assert lacks(sample(), FP32) == "output 'out' is empty"

    def test_a_constant_output(self) -> None:
        assert lacks(sample(2.5, 2.5, 2.5), FP32) == "output 'out' is constant"

    def test_a_single_value_is_judged_by_its_sensitivity_alone(self) -> None:
        assert lacks(sample(2.5), FP32) == ""
        assert "changes by" in lacks(sample(2.5, sensitivity=0.0), FP32)

    def test_an_output_whose_sensitivity_was_not_stored(self) -> None:
        assert "does not say how sensitive" in lacks(sample(1.0, 2.0, sensitivity=None), FP32)

    @pytest.mark.parametrize("found", [0.0, 1e-6, 0.99 * MIN_SENSITIVITY, float("nan")])
    def test_an_output_that_is_blind_to_its_input(self, found: float) -> None:
        assert "of its peak for another input, 0.05 is needed" in lacks(sample(1.0, 2.0, sensitivity=found), FP32)

    def test_a_coarse_policy_needs_more_sensitivity_than_it_allows_error(self) -> None:
        coarse = replace(FP16, atol_rel=0.2)
        assert lacks(sample(1.0, 2.0, sensitivity=0.1), FP16) == ""
        assert "0.2 is needed" in lacks(sample(1.0, 2.0, sensitivity=0.1), coarse)

    def test_each_output_must_be_worth_something(self) -> None:
        two = Sample("1x1", {}, {"a": np.arange(3.0), "b": np.zeros(3)}, sensitivity={"a": 1.0, "b": 1.0})
        assert lacks(two, FP32) == "output 'b' is constant"


class TestWeigh:
    WEAK = sample(1.0, 1.0)

    @pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.PASS_FALLBACK])
    def test_a_good_outcome_on_a_weak_sample_is_vacuous(self, outcome: Outcome) -> None:
        weighed = weigh(CaseReport("1x1", outcome, latency_ms=3.0), self.WEAK, FP32)
        assert (weighed.outcome, weighed.message) == (Outcome.VACUOUS, "output 'out' is constant")
        assert weighed.latency_ms == 3.0

    @pytest.mark.parametrize("outcome", [o for o in Outcome if o.group is not Group.GOOD])
    def test_any_other_outcome_stays(self, outcome: Outcome) -> None:
        case = CaseReport("1x1", outcome, "as it was")
        assert weigh(case, self.WEAK, FP32) is case

    def test_a_good_outcome_on_a_good_sample_stays(self) -> None:
        case = CaseReport("1x1", Outcome.PASS)
        assert weigh(case, sample(1.0, 2.0), FP32) is case


class TestRollUp:
    def test_three_passes_are_a_pass(self) -> None:
        passed = [CaseReport(name, Outcome.PASS) for name in NAMES]
        assert roll_up(passed, NAMES, fixed_sizes=False) == Finding(Outcome.PASS, Cause.UNKNOWN)

    def test_the_worst_case_wins_and_is_named(self) -> None:
        found = roll_up(cases(Outcome.PASS, Outcome.MISMATCH, Outcome.NONFINITE), NAMES, fixed_sizes=False)
        assert found == Finding(Outcome.MISMATCH, Cause.DEVICE_STACK, "12x20: why MISMATCH")

    def test_two_passes_prove_too_little(self) -> None:
        found = roll_up(cases(Outcome.PASS, Outcome.PASS), NAMES[:2], fixed_sizes=False)
        assert found == Finding(Outcome.VACUOUS, Cause.HARNESS, "the bundle has 2 samples, 3 are needed")

    def test_two_passes_are_all_there_can_be_where_sizes_are_fixed(self) -> None:
        assert roll_up(cases(Outcome.PASS), NAMES[:1], fixed_sizes=True).outcome is Outcome.PASS

    def test_two_failures_are_failures_all_the_same(self) -> None:
        found = roll_up(cases(Outcome.PASS, Outcome.CRASH), NAMES[:2], fixed_sizes=False)
        assert found.outcome is Outcome.CRASH

    def test_a_sample_that_was_not_reported_is_no_pass(self) -> None:
        found = roll_up(cases(Outcome.PASS, Outcome.PASS), NAMES, fixed_sizes=False)
        assert found == Finding(Outcome.HARNESS_ERROR, Cause.HARNESS, "13x17: the sample was not reported")

    def test_a_bundle_without_samples_proves_nothing(self) -> None:
        assert roll_up([], [], fixed_sizes=True).outcome is Outcome.VACUOUS

    @given(st.lists(st.sampled_from(list(Outcome)), max_size=6), st.integers(0, 6), st.booleans())
    def test_a_good_finding_needs_every_sample_good_and_enough_of_them(
        self, outcomes: list[Outcome], missing: int, fixed: bool
    ) -> None:
        reported = [CaseReport(str(i), outcome) for i, outcome in enumerate(outcomes)]
        expected = [str(i) for i in range(len(outcomes) + missing)]
        good = all(outcome.group is Group.GOOD for outcome in outcomes)
        enough = bool(expected) and (fixed or len(expected) >= MIN_SAMPLES)
        found = roll_up(reported, expected, fixed_sizes=fixed)
        assert (found.outcome.group is Group.GOOD) == (good and not missing and enough)
        failed = any(outcome.group is Group.PRODUCT for outcome in outcomes)
        assert (found.outcome.group is Group.PRODUCT) == failed


class TestFixedSizes:
    @pytest.mark.parametrize(
        ("metadata", "fixed"), [({}, False), ({"fixed": True}, True), ({"fixed": "yes"}, False), ({"fixed": 1}, False)]
    )
    def test_only_the_graph_itself_can_say_so(self, metadata: dict[str, object], fixed: bool) -> None:
        assert has_fixed_sizes(branched(((1, 8, 8),), metadata).bundle()) is fixed


class TestCanary:
    @pytest.mark.parametrize("outcome", list(Outcome))
    def test_a_living_canary_changes_nothing(self, outcome: Outcome) -> None:
        finding = Finding(outcome, cause_of(outcome), "as it was")
        assert with_canary(finding, "") is finding

    @pytest.mark.parametrize("outcome", [o for o in Outcome if o.group is not Group.HARNESS])
    def test_what_a_sick_unit_says_counts_for_nothing(self, outcome: Outcome) -> None:
        found = with_canary(Finding(outcome, cause_of(outcome)), "16 values are wrong")
        assert found == Finding(Outcome.INFRA_ERROR, Cause.DEVICE_UNIT, "canary failed: 16 values are wrong")

    @pytest.mark.parametrize("outcome", [o for o in Outcome if o.group is Group.HARNESS])
    def test_what_holds_on_any_unit_stays(self, outcome: Outcome) -> None:
        finding = Finding(outcome, cause_of(outcome))
        assert with_canary(finding, "dead") is finding


class TestConfirm:
    REPORT = AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, bundle="b", nonce="n")

    def test_echoes_of_both_are_needed_for_a_pass(self) -> None:
        assert confirm(self.REPORT, bundle="b", nonce="n") is self.REPORT

    @pytest.mark.parametrize("wanted", [{"bundle": "other", "nonce": "n"}, {"bundle": "b", "nonce": "other"}])
    def test_a_pass_of_something_else_is_vacuous(self, wanted: dict[str, str]) -> None:
        confirmed = confirm(self.REPORT, **wanted)
        assert (confirmed.outcome, confirmed.cause) == (Outcome.VACUOUS, Cause.HARNESS)
        assert "another" in confirmed.message

    def test_a_failure_needs_no_echo(self) -> None:
        failed = replace(self.REPORT, outcome=Outcome.CRASH, bundle="")
        assert confirm(failed, bundle="b", nonce="n") is failed
