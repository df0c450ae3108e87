"""Judging again: the answer of a replay of the very same results, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mcore.platform.bundle import Sample
from tests.workers.bundles import branched
from tests.workers.policies import FP16, FP32
from workers.drivers.numpy import NumpyDriver
from workers.judging.compare import compare_outputs
from workers.judging.evidence import weigh
from workers.judging.judge import both_runs, fallen_back
from workers.judging.rejudge import NeedsReplay, rejudged_case, rejudged_finding
from workers.outcome import Cause, Outcome
from workers.policy import Policy, Scope
from workers.replay import replay
from workers.report import CaseReport

LAYERS = Policy("bf16", 1, "bfloat16", 2e-2, 1e-2, 30.0, 0.999, judged=Scope.LAYERS)
POLICIES = st.builds(
    lambda atol, rtol, sqnr, cosine, share: Policy("p", 1, "float32", 10.0**atol, 10.0**rtol, sqnr, 1 - cosine, share),
    st.floats(-7, 0),
    st.floats(-7, 0),
    st.floats(-20, 140),
    st.sampled_from([1e-12, 1e-6, 1e-3, 0.5]),
    st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.3]),
)
VALUES = hnp.arrays(np.float32, (3, 5), elements=st.floats(-4, 4, width=32, allow_subnormal=False))
#: What a device makes of a golden: rounded, off somewhere, or something that no tolerance forgives.
WRONGS: Mapping[str, Any] = {
    "noise": lambda golden, size, random: golden + size * random.standard_normal(golden.shape).astype(np.float32),
    "one element": lambda golden, size, random: golden + np.float32(size) * (np.arange(golden.size) == 7).reshape(3, 5),
    "scale": lambda golden, size, random: golden * np.float32(1 + size),
    "nan": lambda golden, size, random: np.where(np.arange(golden.size).reshape(3, 5) == 3, np.float32(np.nan), golden),
    "shape": lambda golden, size, random: golden[:2],
    "labels": lambda golden, size, random: golden,
}


def case(outputs: Mapping[str, np.ndarray], sample: Sample, policy: Policy, again: Any = None) -> CaseReport:
    """As a replay makes it."""
    compared = compare_outputs(outputs, sample.outputs, policy)
    if again is not None:
        compared = both_runs(compared, compare_outputs(again, sample.outputs, policy))
    made = CaseReport(sample.name, compared.outcome, compared.message, compared.tensors, 2.5, firm=compared.firm)
    return weigh(made, sample, policy)


def sample_of(golden: np.ndarray, sensitivity: float) -> Sample:
    outputs = {"out": golden, "labels": np.arange(3)}
    return Sample("8x8", {}, outputs, sensitivity={"out": sensitivity, "labels": 1.0})


def given_by(kind: str, golden: np.ndarray, size: float, seed: int) -> dict[str, np.ndarray]:
    value = WRONGS[kind](golden, size, np.random.default_rng(seed))
    return {"out": value, "labels": np.arange(3) + (kind == "labels")}


@given(
    VALUES,
    st.lists(st.sampled_from(list(WRONGS)), min_size=1, max_size=2),
    st.floats(-7, 0).map(lambda e: 10.0**e),
    st.sampled_from([0.01, 0.2, 1.0]),
    POLICIES,
    POLICIES,
)
def test_it_is_what_a_replay_would_say_or_that_it_needs_one(
    golden: np.ndarray, kinds: list[str], size: float, sensitivity: float, before: Policy, after: Policy
) -> None:
    sample = sample_of(golden, sensitivity)
    runs = [given_by(kind, golden, size, seed) for seed, kind in enumerate(kinds)]
    old = case(runs[0], sample, before, *runs[1:])
    new = case(runs[0], sample, after, *runs[1:])
    try:
        judged = rejudged_case(old, after)
    except NeedsReplay:
        return
    assert judged.outcome is new.outcome
    assert (judged.latency_ms, judged.firm) == (new.latency_ms, new.firm)
    if not after.allowed_share and not before.allowed_share:
        assert [t.margin for t in judged.tensors] == pytest.approx([t.margin for t in new.tensors])


@given(VALUES, st.floats(-7, 0).map(lambda e: 10.0**e), POLICIES, POLICIES)
def test_without_an_allowed_share_it_always_knows(
    golden: np.ndarray, size: float, before: Policy, after: Policy
) -> None:
    """But within rounding of the limit, where a replay might fall on either side."""
    sample = sample_of(golden, 1.0)
    value = given_by("noise", golden, size, 0)
    strict = replace(after, allowed_share=0.0)
    new = case(value, sample, strict)
    if all(t.margin is not None and abs(t.margin) > 1e-9 for t in new.tensors):
        assert rejudged_case(case(value, sample, before), strict).outcome is new.outcome


def test_it_changes_nothing_under_the_same_policy() -> None:
    golden = np.linspace(-1, 1, 15, dtype=np.float32).reshape(3, 5)
    for kind in WRONGS:
        made = case(given_by(kind, golden, 1e-2, 0), sample_of(golden, 1.0), FP32)
        judged = rejudged_case(made, FP32)
        assert (judged.outcome, judged.message) == (made.outcome, made.message)
        assert [t.margin for t in judged.tensors] == [t.margin for t in made.tensors]


@pytest.mark.parametrize("outcome", [Outcome.CRASH, Outcome.NONFINITE, Outcome.SHAPE_OR_DTYPE, Outcome.INFRA_ERROR])
def test_what_tolerances_have_no_say_in_stands(outcome: Outcome) -> None:
    made = CaseReport("8x8", outcome, "as it was")
    assert rejudged_case(made, FP16) is made


def test_a_case_of_an_older_version_needs_a_replay() -> None:
    golden = np.ones((3, 5), np.float32)
    made = case(given_by("scale", golden, 1e-3, 0), sample_of(golden, 1.0), FP32)
    for old in (
        replace(made, firm=None),
        replace(made, tensors=tuple(replace(t, spread=None) for t in made.tensors)),
        replace(made, tensors=()),
    ):
        with pytest.raises(NeedsReplay, match="kept no statistics"):
            rejudged_case(old, FP16)


def test_a_golden_that_is_worth_too_little_for_the_wider_policy_is_vacuous_and_the_other_way_round() -> None:
    golden = np.linspace(-1, 1, 15, dtype=np.float32).reshape(3, 5)
    wide = replace(FP16, atol_rel=0.3)
    made = case(given_by("noise", golden, 1e-7, 0), sample_of(golden, 0.2), FP32)
    assert made.outcome is Outcome.PASS
    vacuous = rejudged_case(made, wide)
    assert vacuous.outcome is Outcome.VACUOUS
    assert rejudged_case(vacuous, FP32).outcome is Outcome.PASS


def test_a_pass_that_fell_back_stays_one_and_a_failure_becomes_one() -> None:
    golden = np.linspace(-1, 1, 15, dtype=np.float32).reshape(3, 5)
    made = fallen_back(case(given_by("noise", golden, 1e-3, 0), sample_of(golden, 1.0), FP32), "2 of 9 fell back")
    assert made.outcome is Outcome.MISMATCH
    judged = rejudged_case(made, FP16)
    assert (judged.outcome, judged.message) == (Outcome.PASS_FALLBACK, "2 of 9 fell back")


class TestLayers:
    BUNDLE = branched().bundle()

    def cases(self, policy: Policy, **profile: Any) -> tuple[CaseReport, ...]:
        return replay(NumpyDriver(profile), self.BUNDLE, policy, lambda message: None, measure=False).cases

    def test_layers_that_were_run_alone_can_be_judged_by_layers_and_by_outputs(self) -> None:
        made = self.cases(LAYERS, precision="bfloat16")
        narrow = replace(LAYERS, atol_rel=1e-4, rtol=0.0)
        for old, wanted in zip(made, self.cases(narrow, precision="bfloat16"), strict=True):
            judged = rejudged_case(old, narrow)
            assert judged.outcome is wanted.outcome is Outcome.MISMATCH
            assert [t.margin for t in judged.tensors] == pytest.approx([t.margin for t in wanted.tensors])
        assert {rejudged_case(old, FP32).outcome for old in made} == {Outcome.MISMATCH}

    def test_outputs_alone_do_not_tell_of_layers(self) -> None:
        for old in self.cases(FP32):
            with pytest.raises(NeedsReplay, match="its layers were not run alone"):
                rejudged_case(old, LAYERS)


class TestFindings:
    NAMES = ("a", "b", "c")

    def cases(self, *outcomes: Outcome) -> list[CaseReport]:
        return [
            CaseReport(name, outcome, firm=Outcome.PASS) for name, outcome in zip(self.NAMES, outcomes, strict=True)
        ]

    def test_the_worst_case_decides_as_in_a_replay(self) -> None:
        good, bad = self.cases(*[Outcome.PASS] * 3), self.cases(Outcome.PASS, Outcome.MISMATCH, Outcome.PASS)
        found = rejudged_finding(Outcome.PASS, good, bad, self.NAMES)
        assert found is not None
        assert (found.outcome, found.cause) == (Outcome.MISMATCH, Cause.DEVICE_STACK)
        found = rejudged_finding(Outcome.MISMATCH, bad, good, self.NAMES)
        assert found is not None
        assert found.outcome is Outcome.PASS

    def test_an_attempt_that_its_cases_did_not_decide_stays_as_it_is(self) -> None:
        good, bad = self.cases(*[Outcome.PASS] * 3), self.cases(*[Outcome.MISMATCH] * 3)
        for outcome in (Outcome.INFRA_ERROR, Outcome.CRASH, Outcome.DEVICE_TIMEOUT):
            assert rejudged_finding(outcome, good, bad, self.NAMES) is None
        assert rejudged_finding(Outcome.UNSUPPORTED_OP, [], [], self.NAMES) is None

    def test_one_that_proved_nothing_says_nothing_of_the_unit_either(self) -> None:
        vacuous, good = self.cases(*[Outcome.VACUOUS] * 3), self.cases(*[Outcome.PASS] * 3)
        bad = self.cases(*[Outcome.MISMATCH] * 3)
        assert rejudged_finding(Outcome.VACUOUS, vacuous, vacuous, self.NAMES) is not None
        for after in (good, bad):
            with pytest.raises(NeedsReplay, match="whether the unit was sound"):
                rejudged_finding(Outcome.VACUOUS, vacuous, after, self.NAMES)
        # Good cases of an attempt that is vacuous for another reason, such as an echo that is missing.
        assert rejudged_finding(Outcome.VACUOUS, good, good, self.NAMES) is None
        with pytest.raises(NeedsReplay, match="whether the unit was sound"):
            rejudged_finding(Outcome.VACUOUS, good, bad, self.NAMES)

    def test_a_bundle_of_few_samples_is_good_only_where_its_sizes_are_known_to_be_fixed(self) -> None:
        names = self.NAMES[:1]
        good, bad = self.cases(*[Outcome.PASS] * 3)[:1], self.cases(*[Outcome.MISMATCH] * 3)[:1]
        with pytest.raises(NeedsReplay, match="few samples"):
            rejudged_finding(Outcome.MISMATCH, bad, good, names)
        found = rejudged_finding(Outcome.PASS, good, good, names)
        assert found is not None
        assert found.outcome is Outcome.PASS


def test_runs_that_differ_are_judged_apart() -> None:
    golden = np.linspace(-1, 1, 15, dtype=np.float32).reshape(3, 5)
    runs = [given_by("noise", golden, size, 0) for size in (1e-7, 1e-3)]
    made = case(runs[0], sample_of(golden, 1.0), FP32, runs[1])
    assert made.outcome is Outcome.NONDETERMINISTIC
    assert [t.run for t in made.tensors] == [0, 0, 1, 1]
    assert rejudged_case(made, FP16).outcome is Outcome.PASS
    assert rejudged_case(made, replace(FP32, sqnr_db=200.0)).outcome is Outcome.MISMATCH
