"""The statistics that stand for all elements: what they say of any gate is what the elements say, within stated bounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workers.judging.hull import hull, spread_of, together
from workers.policy import Policy
from workers.spread import CORNERS, LARGEST, THRESHOLDS, Spread, allowed, element_gate, share_above

COUNTS = st.integers(1, 60)
#: Plain figures, those on a grid (many ties and lines), and such as lie decades apart.
FIGURES = st.one_of(
    st.floats(-1, 1, width=32),
    st.integers(-4, 4).map(lambda n: n / 4),
    st.builds(lambda sign, e: sign * 10.0**e, st.sampled_from([-1, 1]), st.floats(-12, 0)),
)
LIMITS = st.one_of(st.just(0.0), st.floats(-8, 0.5).map(lambda e: float(10.0**e)))
SHARES = st.sampled_from([0.0, 0.0, 0.02, 0.1, 0.5])


@st.composite
def pairs(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    """A golden and a value beside it."""
    count = draw(COUNTS)
    golden = draw(hnp.arrays(np.float64, count, elements=FIGURES))
    error = draw(hnp.arrays(np.float64, count, elements=FIGURES))
    return golden + error * draw(st.sampled_from([0.0, 1e-6, 1e-3, 1.0])), golden


@st.composite
def policies(draw: Any) -> Policy:
    return Policy("any", 1, "float32", draw(LIMITS), draw(LIMITS), -300.0, -1.0, allowed_share=draw(SHARES))


def used(value: np.ndarray, golden: np.ndarray, policy: Policy) -> float:
    """The definition: the largest ratio of error to limit, once the allowed share of elements is set aside."""
    limit = policy.atol_rel * np.abs(golden).max() + policy.rtol * np.abs(golden)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(value == golden, 0.0, np.abs(value - golden) / limit)
    rest = np.sort(ratios)[: ratios.size - allowed(policy.allowed_share, ratios.size)]
    return float(rest.max(initial=0.0))


def about(figure: float) -> float:
    return figure * (1 + 1e-9) if math.isfinite(figure) else figure


@given(pairs(), policies())
def test_what_is_kept_bounds_what_the_elements_use_of_a_gate(
    pair: tuple[np.ndarray, np.ndarray], policy: Policy
) -> None:
    found = element_gate(spread_of(*pair), policy)
    exact = used(*pair, policy)
    assert found.least <= about(exact)
    assert exact <= about(found.most)


@given(pairs(), policies())
def test_without_an_allowed_share_it_says_exactly_that(pair: tuple[np.ndarray, np.ndarray], policy: Policy) -> None:
    spread = spread_of(*pair)
    found = element_gate(spread, Policy("p", 1, "float32", policy.atol_rel, policy.rtol, -300.0, -1.0))
    assert found.least == found.most or spread.slack > 0
    if found.least == found.most < LARGEST / 1e10:
        assert found.most == pytest.approx(used(*pair, Policy("p", 1, "", policy.atol_rel, policy.rtol, 0, 0)))


def test_the_counts_bound_a_share_within_a_quarter_of_a_decade() -> None:
    random = np.random.default_rng(0)
    golden = random.standard_normal(10_000)
    value = golden + 1e-3 * random.standard_normal(10_000)
    policy = Policy("share", 1, "float32", 1e-3, 0.0, -300.0, -1.0, allowed_share=0.01)
    found = element_gate(spread_of(value, golden), policy)
    assert found.least <= used(value, golden, policy) <= found.most
    assert found.most / found.least == pytest.approx(10**0.25)


@given(pairs(), policies())
def test_the_share_outside_is_never_told_too_small(pair: tuple[np.ndarray, np.ndarray], policy: Policy) -> None:
    value, golden = pair
    limit = policy.atol_rel * np.abs(golden).max() + policy.rtol * np.abs(golden)
    outside = np.mean(np.abs(value - golden) > limit * (1 + 1e-12))
    assert outside <= share_above(spread_of(value, golden), policy)


@given(pairs())
def test_corners_rise_and_are_elements(pair: tuple[np.ndarray, np.ndarray]) -> None:
    value, golden = pair
    spread = spread_of(value, golden)
    points = set(zip(np.abs(golden).tolist(), np.abs(value - golden).tolist(), strict=True))
    assert set(spread.corners) <= points
    assert list(spread.corners) == sorted(spread.corners)
    errors = [error for _, error in spread.corners]
    assert errors == sorted(errors), "what lies to the right of the highest error and below it decides nothing"
    assert len(spread.corners) <= CORNERS


def test_more_corners_than_are_kept_leave_a_slack_that_is_small() -> None:
    """A quarter of a circle has as many corners as elements."""
    angles = np.linspace(np.pi, np.pi / 2, 5000)
    sizes, errors = 1 + np.cos(angles), np.sin(angles)
    corners, slack = hull(sizes, errors)
    assert len(corners) == CORNERS
    assert 0 < slack < 0.01
    line = np.interp(sizes, *np.array(corners).T)
    assert (errors - line).max() == pytest.approx(slack)


def test_a_golden_of_zeros_uses_up_any_gate_but_for_zeros() -> None:
    policy = Policy("p", 1, "float32", 0.1, 0.1, 0, 0)
    assert element_gate(spread_of(np.zeros(3), np.zeros(3)), policy).most == 0.0
    assert element_gate(spread_of(np.array([0.0, 1e-30]), np.zeros(2)), policy).least == math.inf


def test_nothing_uses_up_nothing() -> None:
    assert element_gate(spread_of(np.zeros(0), np.zeros(0)), Policy("p", 1, "", 0, 0, 0, 0)).most == 0.0
    assert together([]) == Spread(0, 0.0)
    assert len(spread_of(np.ones(2), np.ones(2)).above) == len(THRESHOLDS)


@given(st.lists(pairs(), min_size=1, max_size=4), LIMITS, LIMITS)
def test_several_together_use_up_what_the_worst_of_them_does(
    several: list[tuple[np.ndarray, np.ndarray]], atol_rel: float, rtol: float
) -> None:
    policy = Policy("p", 1, "float32", atol_rel, rtol, -300.0, -1.0)
    spreads = [spread_of(*pair) for pair in several]
    found = element_gate(together(spreads), policy)
    apart = [element_gate(spread, policy) for spread in spreads]
    least, most = max(u.least for u in apart), max(u.most for u in apart)
    assert min(found.least, 1e60) <= about(most)
    assert min(least, 1e60) <= about(found.most)


@given(pairs(), st.integers(-40, 40), policies())
def test_the_unit_does_not_matter(pair: tuple[np.ndarray, np.ndarray], exponent: int, policy: Policy) -> None:
    value, golden = pair
    near, far = spread_of(value, golden), spread_of(np.ldexp(value, exponent), np.ldexp(golden, exponent))
    assert element_gate(near, policy) == element_gate(far, policy)


@given(pairs(), st.randoms(use_true_random=False))
def test_the_order_of_the_elements_does_not_matter(pair: tuple[np.ndarray, np.ndarray], random: Any) -> None:
    order = list(range(pair[0].size))
    random.shuffle(order)
    assert spread_of(pair[0][order], pair[1][order]) == spread_of(*pair)
