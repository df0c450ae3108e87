"""Error figures of a tensor against its reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mcore.platform.figures import EXACT_SQNR_DB, UNBOUNDED, Figures, figures

SHAPES = st.shared(arrays.array_shapes(), key="shape")
VALUES = arrays.arrays(np.float32, SHAPES, elements=st.floats(-1e6, 1e6, width=32, allow_subnormal=False))


def test_a_known_case():
    found = figures(np.array([1.0, 2.0, -4.5]), np.array([1.0, 2.0, -4.0]))
    assert found.max_abs_error == 0.5
    assert found.max_rel_error == 0.125
    assert found.sqnr_db == pytest.approx(10 * np.log10(21 / 0.25))
    assert found.cosine == pytest.approx(23 / np.sqrt(21 * 25.25))


@given(VALUES)
def test_equal_values_are_exact(x):
    assert figures(x, x.copy()) == Figures(0.0, 0.0, EXACT_SQNR_DB, 1.0)


@given(VALUES, VALUES)
def test_figures_are_finite_and_within_their_ranges(a, b):
    found = figures(a, b)
    assert 0 <= found.max_abs_error <= 2e6
    assert 0 <= found.max_rel_error <= UNBOUNDED
    assert -EXACT_SQNR_DB <= found.sqnr_db <= EXACT_SQNR_DB or found.max_abs_error > 0
    assert -1 - 1e-9 <= found.cosine <= 1 + 1e-9


@given(VALUES, st.floats(1e-4, 0.5))
def test_a_relative_error_is_its_sqnr(x, error):
    wide = x.astype(np.float64)
    if not wide.any():
        wide = wide + 1.0
    found = figures(wide * (1 + error), wide)
    assert found.sqnr_db == pytest.approx(-20 * np.log10(error), abs=0.01)
    assert found.max_rel_error == pytest.approx(error, rel=1e-6)
    assert found.cosine == pytest.approx(1.0)


@given(VALUES, VALUES, st.sampled_from([0.25, 8.0]))
def test_scale_changes_the_absolute_error_alone(a, b, scale):
    one, other = figures(a, b), figures(a * np.float64(scale), b * np.float64(scale))
    assert other.max_abs_error == pytest.approx(scale * one.max_abs_error)
    assert other.max_rel_error == pytest.approx(one.max_rel_error)
    assert other.sqnr_db == pytest.approx(one.sqnr_db, abs=1e-6)


def test_a_zero_reference_has_no_relative_error_that_is_bounded():
    found = figures(np.array([0.0, 1e-3]), np.zeros(2))
    assert found.max_abs_error == 1e-3
    assert found.max_rel_error == UNBOUNDED
    assert found.sqnr_db == -EXACT_SQNR_DB
    assert found.cosine == 0.0


def test_zeros_where_there_is_a_signal():
    found = figures(np.zeros(3), np.array([0.0, 3.0, 4.0]))
    assert (found.max_abs_error, found.max_rel_error, found.sqnr_db, found.cosine) == (4.0, 1.0, 0.0, 0.0)


def test_the_opposite_has_a_cosine_of_minus_one():
    x = np.array([1.0, -2.0, 3.0])
    assert figures(-x, x).cosine == pytest.approx(-1.0)


def test_nothing_compared_to_nothing_is_exact():
    assert figures(np.zeros((0, 3)), np.zeros((0, 3))).sqnr_db == EXACT_SQNR_DB


def test_small_differences_of_float32_are_seen():
    """In float64: the difference of neighbours at 1e6 would be lost in a float32 sum of squares."""
    x = np.full(1000, 1e6, np.float32)
    y = x.copy()
    y[500] = np.nextafter(y[500], np.float32(np.inf))
    found = figures(y, x)
    assert found.max_abs_error == 0.0625
    assert 170 < found.sqnr_db < 180


@pytest.mark.parametrize("size", [1, 16383, 16384, 16385, 40000])
def test_an_array_of_any_length_is_compared_whole(size):
    """Which is done block by block: the peak and the error lie in the last one, the sums are over all."""
    source = np.random.default_rng(size)
    reference = source.uniform(-1, 1, size)
    value = reference + source.uniform(-1e-3, 1e-3, size)
    reference[-1], value[-1] = -2.0, -2.5
    error = value - reference
    found = figures(value, reference)
    assert (found.max_abs_error, found.max_rel_error) == (0.5, 0.25)
    assert found.sqnr_db == pytest.approx(10 * np.log10((reference**2).sum() / (error**2).sum()))
    norm = np.sqrt((reference**2).sum() * (value**2).sum())
    assert found.cosine == pytest.approx((reference * value).sum() / norm)
