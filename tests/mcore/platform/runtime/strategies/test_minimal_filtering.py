import numpy as np
import pytest

from mcore.platform.runtime.strategies.minimal_filtering import F2, F4, MinimalFiltering


@pytest.mark.parametrize("f", [F2, F4])
def test_the_matrices_compute_a_sliding_sum_of_products(f: MinimalFiltering) -> None:
    random = np.random.default_rng(0)
    tile, taps = random.standard_normal(f.size), random.standard_normal(3)
    result = f.results @ ((f.filters @ taps) * (f.inputs @ tile))
    np.testing.assert_allclose(result, [tile[i : i + 3] @ taps for i in range(f.outputs)], rtol=1e-6)


@pytest.mark.parametrize("f", [F2, F4])
def test_what_is_added_to_component_one_reaches_each_output_once(f: MinimalFiltering) -> None:
    np.testing.assert_array_equal(f.results[:, 1], np.ones(f.outputs))


@pytest.mark.parametrize("f", [F2, F4])
def test_filters_are_transformed_along_both_axes(f: MinimalFiltering) -> None:
    weight = np.random.default_rng(0).standard_normal((5, 3, 3, 3)).astype(np.float32)
    made = f.transformed(weight)
    assert made.shape == (f.size**2, 3, 5)
    expected = np.einsum("ia,jb,ocab->ijco", f.filters, f.filters, weight).reshape(made.shape)
    np.testing.assert_allclose(made, expected, atol=1e-6)
