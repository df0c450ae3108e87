"""Feature descriptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.utils import check_features, check_fit, describe, feature_inputs

DOUBLING = st.builds(
    lambda channels, first: (tuple(channels), tuple(first * 2**i for i in range(len(channels)))),
    st.lists(st.integers(1, 512), min_size=2, max_size=6),
    st.sampled_from([1, 2, 4]),
)


@given(DOUBLING)
def test_doubling_features_are_accepted_and_have_sizes(description):
    channels, strides = description
    check_features("Head", channels, strides, doubling=True)
    inputs = feature_inputs(channels, strides)
    for i, (channel, stride) in enumerate(zip(channels, strides, strict=True)):
        assert inputs[i].name == f"features.{i}"
        scale = strides[-1] // stride
        assert inputs[i].concrete(2, 3, 5) == (2, channel, 3 * scale, 5 * scale)


@given(DOUBLING, st.data())
def test_a_description_with_two_maps_swapped_is_refused(description, data):
    channels, strides = description
    i = data.draw(st.integers(0, len(strides) - 2))
    swapped = [*strides[:i], strides[i + 1], strides[i], *strides[i + 2 :]]
    with pytest.raises(ValueError, match=r"^Head: features go from fine to coarse"):
        check_features("Head", channels, swapped)


def test_equal_strides_are_fine_unless_they_must_double():
    check_features("Head", (8, 16, 32), (4, 8, 8))
    with pytest.raises(ValueError, match=r"^Head: each of two or more features has twice the stride"):
        check_features("Head", (8, 16, 32), (4, 8, 8), doubling=True)


def test_one_map_cannot_double():
    check_features("Head", (8,), (4,))
    with pytest.raises(ValueError, match="two or more"):
        check_features("Head", (8,), (4,), doubling=True)


def test_check_fit_names_both_sides():
    given_features = ((8, 16), (4, 8))
    check_fit("A", given_features, "B", ([8, 16], [4, 8]))
    with pytest.raises(ValueError, match=r"^B takes features of 8 at 1/4, but A gives 8 at 1/4, 16 at 1/8$"):
        check_fit("A", given_features, "B", ((8,), (4,)))
    with pytest.raises(ValueError, match=r"^B takes features of 8 at 1/4, 16 at 1/16, but A gives"):
        check_fit("A", given_features, "B", ((8, 16), (4, 16)))


def test_sizes_need_strides_that_divide_the_last():
    with pytest.raises(ValueError, match=r"strides \(3, 8\): each must divide the last$"):
        feature_inputs((8, 16), (3, 8))


def test_describe():
    assert describe((64, 128), (4, 8)) == "64 at 1/4, 128 at 1/8"
