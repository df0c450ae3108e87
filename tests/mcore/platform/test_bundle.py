"""Bundles as values: identity, and digests of layers."""

import hashlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mcore.platform.bundle import DIGEST_LENGTH, Identity, digest

FLOATS = arrays.arrays(np.float32, arrays.array_shapes(), elements=st.floats(-1e3, 1e3, width=32))


def test_the_identity_is_one_hash_of_its_parts():
    identity = Identity("a" * 64, "b" * 64, "c" * 64)
    assert str(identity) == hashlib.sha256(f"{'a' * 64}\n{'b' * 64}\n{'c' * 64}".encode()).hexdigest()


@pytest.mark.parametrize(
    "other", [Identity("x", "b", "c"), Identity("a", "x", "c"), Identity("a", "b", "x"), Identity("b", "a", "c")]
)
def test_each_part_and_its_place_matter(other):
    assert str(other) != str(Identity("a", "b", "c"))


@given(FLOATS)
def test_a_digest_holds_the_figures_of_the_values(x):
    mean, rms, peak, projection, size = digest(x)
    wide = x.astype(np.float64)
    assert mean == pytest.approx(wide.mean(), abs=1e-9)
    assert rms == pytest.approx(np.sqrt((wide**2).mean()), abs=1e-9)
    assert peak == np.abs(wide).max()
    assert size == x.size
    assert abs(projection) <= np.abs(wide).sum() / x.size**0.5 + 1e-9


@pytest.mark.parametrize("size", [1, 65535, 65536, 65537, 3 * 65536, 200_000])
def test_figures_are_those_of_the_whole_however_many_blocks_it_has(size):
    x = np.random.default_rng(size).standard_normal(size).astype(np.float32) - np.float32(0.25)
    mean, rms, peak, _, count = digest(x)
    wide = x.astype(np.float64)
    assert mean == pytest.approx(wide.mean(), rel=1e-12)
    assert rms == pytest.approx(np.sqrt((wide**2).mean()), rel=1e-12)
    assert (peak, count) == (np.abs(wide).max(), size)


@pytest.mark.parametrize("where", [0, 65536, 99_999])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_in_any_block_shows(where, value):
    x = np.ones(100_000, np.float32)
    x[where] = value
    mean, rms, peak, projection, _ = digest(x)
    assert not np.isfinite([mean, rms, peak, projection]).any()


@given(FLOATS, st.data())
def test_a_permutation_shows(x, data):
    flat = x.reshape(-1)
    i, j = (data.draw(st.integers(0, flat.size - 1)) for _ in range(2))
    assume(i != j)
    assume(abs(float(flat[i]) - float(flat[j])) > 1e-3)
    moved = flat.copy()
    moved[[i, j]] = flat[[j, i]]
    assert digest(moved)[3] != pytest.approx(digest(flat)[3], rel=1e-12, abs=1e-12)


def test_channels_of_smooth_maps_that_changed_places_show():
    random = np.random.default_rng(0)
    for _ in range(50):
        maps = random.standard_normal((1, 64, 49, 65)).cumsum(-1).cumsum(-2)
        maps /= maps.std((-1, -2), keepdims=True)
        golden, rolled = digest(maps), digest(np.roll(maps, 1, axis=1))
        np.testing.assert_allclose(rolled[:3], golden[:3])
        assert abs(rolled[3] - golden[3]) > 0.005 * golden[1]


def test_whole_blocks_that_changed_places_show():
    x = np.random.default_rng(0).standard_normal((3, 1 << 16))
    for order in ([1, 0, 2], [0, 2, 1], [2, 1, 0]):
        assert abs(digest(x[order])[3] - digest(x)[3]) > 1e-3


@given(FLOATS)
def test_shape_and_layout_do_not_matter(x):
    np.testing.assert_array_equal(digest(x), digest(x.reshape(-1)))
    np.testing.assert_array_equal(digest(x), digest(np.asfortranarray(x)))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
def test_every_element_type_has_a_digest(dtype):
    found = digest(np.array([[0, 1], [1, 1]]).astype(dtype))
    assert found.dtype == np.float64
    assert found[[0, 2, 4]].tolist() == [0.75, 1.0, 4.0]


def test_nothing_has_a_digest_of_zeros():
    assert digest(np.zeros((0, 3), np.float32)).tolist() == [0.0] * DIGEST_LENGTH


@pytest.mark.parametrize("values", [[np.nan, 1], [np.inf, 1], [np.inf, -np.inf], [3e38, 3e38]])
def test_what_is_not_finite_gives_no_warning(values):
    assert digest(np.array(values, np.float32)).shape == (DIGEST_LENGTH,)


def test_digests_do_not_change():
    """They are stored in bundles: these numbers are part of the format."""
    x = (np.arange(1000) % 17 - 8).astype(np.float32)
    np.testing.assert_allclose(digest(x), [-0.021, 4.891114392446776, 8.0, 0.12482999269778186, 1000.0], rtol=1e-12)
