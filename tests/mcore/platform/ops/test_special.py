"""The error function against the C library's."""

import math

import numpy as np
import pytest

from mcore.platform.ops.special import erf


@pytest.mark.parametrize(("low", "high"), [(-7, 7), (0.45, 0.49), (3.9, 4.1), (5.8, 6.2), (-1e-8, 1e-8)])
def test_erf_is_exact_to_a_few_units_in_the_last_place(low, high):
    x = np.linspace(low, high, 20001)
    wanted = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(erf(x), wanted, rtol=1e-15)


def test_erf_of_what_is_not_finite():
    result = erf(np.array([np.inf, -np.inf, np.nan, 0.0, -0.0]))
    np.testing.assert_array_equal(result, [1, -1, np.nan, 0, 0])
    assert np.signbit(result[4])


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_erf_keeps_the_shape_and_computes_in_float64(shape):
    result = erf(np.full(shape, 0.3, np.float32))
    assert result.shape == shape
    assert result.dtype == np.float64
