"""Of any comparison: nothing passes that violates a gate, more error is never better, what should not matter does not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workers.judging.compare import Comparison, compare_output, compare_outputs, margin_of, most_used
from workers.outcome import Outcome
from workers.policy import Policy
from workers.report import TensorError

POLICIES = st.builds(
    lambda atol, rtol, sqnr, gap, share: Policy("p", 1, "float32", 10.0**atol, 10.0**rtol, sqnr, 1 - 10.0**gap, share),
    st.floats(-6, 0),
    st.floats(-6, 0),
    st.floats(-10, 120),
    st.floats(-12, -1),
    st.sampled_from([0.0, 0.0, 0.1, 0.4]),
)
VALUES = hnp.arrays(np.float64, (4, 6), elements=st.floats(-8, 8, width=32, allow_subnormal=False))
SIZES = st.floats(-7, 1).map(lambda e: 10.0**e)


@st.composite
def pairs(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    golden = draw(VALUES)
    assume(np.abs(golden).max() > 1e-6)
    return golden + draw(SIZES) * draw(VALUES), golden


def judged(pair: tuple[np.ndarray, np.ndarray], policy: Policy) -> Comparison:
    return compare_output("out", *pair, policy)


def error_of(compared: Comparison) -> TensorError:
    (error,) = compared.tensors
    return error


@given(pairs(), POLICIES)
def test_what_passes_violates_no_gate_and_what_fails_violates_one(
    pair: tuple[np.ndarray, np.ndarray], policy: Policy
) -> None:
    """The gates once more, as plainly as they can be written; within rounding of a limit either is right."""
    value, golden = pair
    error = np.abs(value - golden)
    limit = policy.atol_rel * np.abs(golden).max() + policy.rtol * np.abs(golden)
    noise = float((error**2).sum())
    sqnr = 10 * math.log10(float((golden**2).sum()) / noise) if noise else math.inf
    norms = float(np.linalg.norm(value) * np.linalg.norm(golden))
    cosine = float((value * golden).sum()) / norms if norms else 0.0

    def holds(slack: float) -> bool:
        outside = (error > limit * (1 + slack)).sum()
        return bool(
            outside <= math.floor(policy.allowed_share * golden.size + 1e-9)
            and sqnr >= policy.sqnr_db - slack
            and (not noise or cosine >= policy.cosine - slack * 1e-3)
        )

    passed = judged(pair, policy).outcome is Outcome.PASS
    assert not passed or holds(1e-9)
    assert passed or not holds(-1e-9)


@given(pairs(), POLICIES)
def test_a_policy_that_is_wider_in_every_way_passes_what_the_narrower_does(
    pair: tuple[np.ndarray, np.ndarray], policy: Policy
) -> None:
    wider = Policy(
        "wide",
        1,
        "float32",
        policy.atol_rel * 2,
        policy.rtol * 2,
        policy.sqnr_db - 6,
        policy.cosine - 0.01,
        min(policy.allowed_share * 1.5, 0.9),
    )
    narrow, wide = error_of(judged(pair, policy)).margin, error_of(judged(pair, wider)).margin
    assert narrow is not None
    assert wide is not None
    assert wide >= narrow


@given(pairs(), st.integers(0, 23), POLICIES)
def test_one_more_element_that_is_off_is_never_better(
    pair: tuple[np.ndarray, np.ndarray], index: int, policy: Policy
) -> None:
    """By the element gate and the SQNR; an error can turn a vector towards its golden."""
    value, golden = pair
    assume(value.flat[index] != golden.flat[index])
    mended = value.copy()
    mended.flat[index] = golden.flat[index]
    no_cosine = Policy("p", 1, "float32", policy.atol_rel, policy.rtol, policy.sqnr_db, -1.0, policy.allowed_share)
    worse, better = (error_of(judged((v, golden), no_cosine)).margin for v in (value, mended))
    assert worse is not None
    assert better is not None
    assert better >= worse - 1e-12


@given(pairs(), POLICIES, st.randoms(use_true_random=False))
def test_neither_order_nor_shape_nor_sign_matters(
    pair: tuple[np.ndarray, np.ndarray], policy: Policy, random: Any
) -> None:
    value, golden = pair
    plain = judged(pair, policy)
    order = list(range(24))
    random.shuffle(order)
    for other in (
        (value.reshape(-1)[order], golden.reshape(-1)[order]),
        (value.reshape(2, 3, 4), golden.reshape(2, 3, 4)),
        (-value, -golden),
        (np.asfortranarray(value), np.asfortranarray(golden)),
        (np.repeat(value, 2, axis=0)[::2], np.repeat(golden, 2, axis=0)[::2]),
    ):
        same = judged(other, policy)
        assert error_of(same).margin == pytest.approx(error_of(plain).margin, abs=1e-6)
        assert error_of(same).share_outside == error_of(plain).share_outside


@given(pairs(), POLICIES)
def test_a_tensor_that_is_cut_in_pieces_passes_where_each_piece_does(
    pair: tuple[np.ndarray, np.ndarray], policy: Policy
) -> None:
    """The other way round does not hold: a piece may be small beside the peak of the whole."""
    value, golden = pair
    assume(not policy.allowed_share and all(np.abs(golden[i : i + 2]).max() > 1e-6 for i in (0, 2)))
    elements = Policy("p", 1, "float32", policy.atol_rel, policy.rtol, policy.sqnr_db, -1.0)
    pieces = [judged((value[i : i + 2], golden[i : i + 2]), elements) for i in (0, 2)]
    if all(piece.outcome is Outcome.PASS for piece in pieces):
        margin = error_of(judged(pair, elements)).margin
        assert margin is not None
        assert margin >= -1e-9


@given(pairs(), POLICIES)
def test_two_devices_that_are_as_far_off_to_either_side_are_judged_alike(
    pair: tuple[np.ndarray, np.ndarray], policy: Policy
) -> None:
    """By the element gate and the SQNR, which know only the size of an error."""
    value, golden = pair
    no_cosine = Policy("p", 1, "float32", policy.atol_rel, policy.rtol, policy.sqnr_db, -1.0, policy.allowed_share)
    other = golden - (value - golden)
    assume(np.array_equal(np.abs(other - golden), np.abs(value - golden)))
    assert error_of(judged((other, golden), no_cosine)).margin == error_of(judged(pair, no_cosine)).margin


@given(pairs(), POLICIES)
def test_without_gates_only_what_no_tolerance_changes_fails(
    pair: tuple[np.ndarray, np.ndarray], policy: Policy
) -> None:
    value, golden = pair
    goldens = {"out": golden, "labels": np.arange(3)}
    told = compare_outputs({"out": value, "labels": np.arange(3)}, goldens, policy, gated=False)
    assert (told.outcome, told.firm) == (Outcome.PASS, Outcome.PASS)
    assert [error.margin for error in told.tensors] == [None, None]
    wrong = compare_outputs({"out": value, "labels": np.arange(3) + 1}, goldens, policy, gated=False)
    assert wrong.outcome is wrong.firm is Outcome.MISMATCH
    broken = compare_outputs({"out": np.full_like(value, np.nan), "labels": np.arange(3)}, goldens, policy, gated=False)
    assert broken.outcome is broken.firm is Outcome.NONFINITE


@given(pairs(), POLICIES)
def test_what_is_firm_is_never_worse_than_the_outcome(pair: tuple[np.ndarray, np.ndarray], policy: Policy) -> None:
    compared = judged(pair, policy)
    assert compared.firm is Outcome.PASS
    assert compared.outcome.severity <= compared.firm.severity


@given(st.floats(0, 1e300), st.floats(-400, 400), st.floats(-1, 1), POLICIES)
def test_the_gate_that_is_named_is_the_one_that_is_used_up_most(
    element: float, sqnr: float, cosine: float, policy: Policy
) -> None:
    gate, most = most_used(element, sqnr, cosine, policy)
    apart = {
        "element gate": most_used(element, 350.0, 1.0, policy)[1],
        "SQNR": most_used(0.0, sqnr, 1.0, policy)[1],
        "cosine": most_used(0.0, 350.0, cosine, policy)[1],
    }
    assert most == max(apart.values()) == apart[gate]
    assert (margin_of(most) >= 0) == (most <= 1)
