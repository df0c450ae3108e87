from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.states.verdict import Facts, Verdict, decide, gainsaid
from workers.outcome import Cause, Group, Outcome

PASS = Facts(Outcome.PASS, Cause.UNKNOWN, (Outcome.PASS,) * 3)
MISMATCH = Facts(Outcome.MISMATCH, Cause.DEVICE_STACK, (Outcome.MISMATCH,) * 3)
INFRA = Facts(Outcome.INFRA_ERROR, Cause.INFRA)
facts = st.builds(
    Facts, st.sampled_from(Outcome), st.sampled_from(Cause), st.lists(st.sampled_from(Outcome)).map(tuple)
)


def test_a_pass_is_support() -> None:
    assert decide([PASS]).verdict is Verdict.SUPPORTED


def test_some_resolutions_pass() -> None:
    mixed = Facts(Outcome.MISMATCH, Cause.DEVICE_STACK, (Outcome.PASS, Outcome.MISMATCH, Outcome.PASS))
    assert decide([mixed]).verdict is Verdict.PARTIAL


def test_no_resolution_passes() -> None:
    decision = decide([MISMATCH])
    assert (decision.verdict, decision.outcome, decision.cause) == (
        Verdict.FAILED,
        Outcome.MISMATCH,
        Cause.DEVICE_STACK,
    )


def test_lacking_ops_are_no_failure() -> None:
    assert decide([Facts(Outcome.UNSUPPORTED_OP, Cause.DEVICE_STACK)]).verdict is Verdict.UNSUPPORTED


@pytest.mark.parametrize("order", [(PASS, MISMATCH), (MISMATCH, PASS), (MISMATCH, INFRA, PASS)])
def test_pass_and_failure_of_one_bundle_is_flaky_and_quotes_the_failure(order: tuple[Facts, ...]) -> None:
    decision = decide(order)
    assert decision.verdict is Verdict.FLAKY
    assert order[decision.position] is MISMATCH


@pytest.mark.parametrize(
    ("attempts", "newest"),
    [((PASS,), 0), ((MISMATCH, PASS), 1), ((MISMATCH, PASS, INFRA), 1), ((INFRA, INFRA), 1), ((PASS, MISMATCH), 1)],
)
def test_what_bears_a_verdict_out_last_is_not_always_what_it_quotes(attempts: tuple[Facts, ...], newest: int) -> None:
    assert decide(attempts).newest == newest


@pytest.mark.parametrize(
    "outcome", [o for o in Outcome if o.group in (Group.INFRA, Group.HARNESS, Group.SKIPPED)], ids=str
)
def test_infra_and_harness_say_nothing_of_the_network(outcome: Outcome) -> None:
    alone = decide([Facts(outcome, Cause.INFRA)])
    assert alone.verdict is Verdict.NO_VERDICT
    assert decide([PASS, Facts(outcome, Cause.INFRA)]).verdict is Verdict.SUPPORTED
    assert decide([MISMATCH, Facts(outcome, Cause.INFRA)]).verdict is Verdict.FAILED


@given(st.lists(facts, min_size=1, max_size=6))
def test_no_product_failure_is_ever_support(attempts: list[Facts]) -> None:
    decision = decide(attempts)
    if any(a.outcome.group is Group.PRODUCT for a in attempts):
        assert decision.verdict is not Verdict.SUPPORTED
    if decision.verdict in (Verdict.FAILED, Verdict.FLAKY, Verdict.PARTIAL):
        assert decision.outcome.group is Group.PRODUCT
    assert attempts[decision.position].outcome is decision.outcome


@given(st.lists(facts, min_size=1, max_size=6), st.sampled_from([INFRA, Facts(Outcome.HARNESS_ERROR, Cause.HARNESS)]))
def test_an_infra_or_harness_attempt_never_changes_a_verdict(attempts: list[Facts], noise: Facts) -> None:
    before = decide(attempts)
    if before.verdict is not Verdict.NO_VERDICT:
        assert decide([*attempts, noise]) == before


def on(unit: int | None, outcome: Outcome = Outcome.PASS) -> Facts:
    return Facts(outcome, Cause.DEVICE_STACK, (), unit)


@pytest.mark.parametrize(
    ("attempts", "verdict", "alone"),
    [
        ([on(1, Outcome.MISMATCH), on(2)], Verdict.SUPPORTED, {0}),
        ([on(1, Outcome.CRASH), on(1, Outcome.MISMATCH), on(2), on(3)], Verdict.SUPPORTED, {0, 1}),
        ([on(1, Outcome.MISMATCH), on(2, Outcome.MISMATCH)], Verdict.FAILED, set()),
        ([on(1, Outcome.MISMATCH), on(2, Outcome.MISMATCH), on(3)], Verdict.FLAKY, set()),
        ([on(1, Outcome.MISMATCH), on(1)], Verdict.FLAKY, set()),
        ([on(1, Outcome.MISMATCH), on(2), on(1)], Verdict.FLAKY, set()),
        ([on(1, Outcome.MISMATCH), on(2), on(2, Outcome.MISMATCH)], Verdict.FLAKY, set()),
        ([on(1, Outcome.MISMATCH), on(2, Outcome.INFRA_ERROR)], Verdict.FAILED, set()),
        ([on(None, Outcome.MISMATCH), on(2)], Verdict.FLAKY, set()),
        ([on(1, Outcome.MISMATCH), on(None)], Verdict.FLAKY, set()),
    ],
)
def test_a_unit_that_stands_alone_with_its_failure_says_nothing_of_the_product(
    attempts: list[Facts], verdict: Verdict, alone: set[int]
) -> None:
    assert gainsaid(attempts) == alone
    assert decide(attempts).verdict is verdict


@given(st.lists(st.builds(on, st.integers(1, 4), st.sampled_from(Outcome)), max_size=8))
def test_only_failures_of_one_unit_that_never_passes_are_gainsaid(attempts: list[Facts]) -> None:
    alone = gainsaid(attempts)
    units = {attempts[n].unit for n in alone}
    assert len(units) <= 1
    assert all(attempts[n].outcome.group is Group.PRODUCT for n in alone)
    if alone:
        others = [a for a in attempts if a.unit not in units]
        assert any(a.outcome.group is Group.GOOD for a in others)
        assert not any(a.outcome.group is Group.PRODUCT for a in others)
        assert not any(a.outcome.group is Group.GOOD for a in attempts if a.unit in units)
        assert decide(attempts).verdict in (Verdict.SUPPORTED, Verdict.UNSUPPORTED)  # and never a failure
