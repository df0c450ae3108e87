import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.utils import make_divisible


@pytest.mark.parametrize(
    ("value", "expected"), [(32, 32), (33, 32), (36, 40), (11.2, 16), (8.4, 8), (1, 8), (22.4, 24), (44.8, 48)]
)
def test_published_widths(value, expected):
    assert make_divisible(value) == expected


@given(value=st.floats(0.1, 5000), divisor=st.sampled_from([1, 4, 8, 16]))
def test_it_is_a_multiple_that_loses_no_more_than_a_tenth(value, divisor):
    rounded = make_divisible(value, divisor)
    assert rounded % divisor == 0
    assert rounded >= divisor
    assert rounded >= 0.9 * value
    assert rounded < value + 1.5 * divisor
