"""The sample of an audit: as large as was asked for, the same for the same seed, another for another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farm.audit.sample import draw

KEYS = st.sets(st.text("abc", min_size=1, max_size=4), max_size=12)


@given(KEYS, st.none() | st.integers(1, 15), st.integers(-3, 3))
def test_a_sample_is_of_the_keys_each_once_and_sorted(keys: set[str], count: int | None, seed: int) -> None:
    drawn = draw(keys, count, seed)
    assert set(drawn) <= keys
    assert list(drawn) == sorted(set(drawn))
    assert len(drawn) == (len(keys) if count is None else min(count, len(keys)))
    assert draw(sorted(keys, reverse=True), count, seed) == drawn


@given(KEYS, st.integers(1, 8), st.text("xyz", min_size=1, max_size=3))
def test_a_new_architecture_changes_one_of_the_sample_at_most(keys: set[str], count: int, new: str) -> None:
    assert len(set(draw(keys, count, 0)) - set(draw(keys | {new}, count, 0))) <= 1


def test_seeds_go_through_all_of_them() -> None:
    keys = [f"network:n{i}" for i in range(20)]
    assert {key for seed in range(40) for key in draw(keys, 2, seed)} == set(keys)
