"""Lists of few lengths that say the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farm.database.padding import padded


@given(st.lists(st.integers(), max_size=40))
def test_the_same_items_in_a_list_whose_length_is_a_power_of_two(items: list[int]) -> None:
    found = padded(items)
    assert found[: len(items)] == items
    assert set(found) == set(items)
    assert len(found) < max(1, 2 * len(items))
    assert len(found) & (len(found) - 1) == 0
