"""Input channels and classes: which shapes differ in just these, and what repeated channels sum to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.pretrained.adapting import has_other_channels, has_other_classes, repeated_channels


@pytest.mark.parametrize(
    ("theirs", "ours", "channels", "classes"),
    [
        ((64, 3, 7, 7), (64, 4, 7, 7), True, False),
        ((64, 3, 7, 7), (64, 3, 7, 7), False, False),
        ((64, 3, 7, 7), (32, 3, 7, 7), False, True),
        ((64, 3, 7, 7), (64, 4, 5, 5), False, False),
        ((1000, 512), (10, 512), False, True),
        ((1000,), (10,), False, True),
        ((1000, 512), (1000, 256), False, False),
        ((), (), False, False),
    ],
)
def test_which_shapes_differ_in_channels_or_classes_alone(theirs, ours, channels, classes):
    assert has_other_channels(theirs, ours) is channels
    assert has_other_classes(theirs, ours) is classes


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_an_input_of_equal_channels_gives_what_it_gave(given_channels, channels, seed):
    weight = np.random.default_rng(seed).standard_normal((5, given_channels, 3, 3)).astype(np.float32)
    repeated = repeated_channels(weight, channels)
    assert repeated.shape == (5, channels, 3, 3)
    assert repeated.dtype == np.float32
    if channels % given_channels == 0 or channels < given_channels:
        np.testing.assert_allclose(repeated.sum(axis=1), weight.sum(axis=1), atol=1e-5)


def test_one_channel_is_the_sum():
    weight = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    np.testing.assert_array_equal(repeated_channels(weight, 1), weight.sum(axis=1, keepdims=True))


def test_as_many_channels_are_the_same():
    weight = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    np.testing.assert_array_equal(repeated_channels(weight, 3), weight)
