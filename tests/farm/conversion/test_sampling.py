"""Which conversions are repeated: what is in doubt always, the others in turn, and nobody starves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.conversion.sampling import LISTED_AFTER, MAX_HASH_SEED, Candidate, choose, hash_seed, sample_size

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.text("abcdef", min_size=1, max_size=4),
        st.none() | st.integers(1, 50),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
    unique_by=lambda c: c.key,
)


@pytest.mark.parametrize(
    ("conversions", "share", "size"),
    [(1, 0.05, 1), (20, 0.05, 1), (21, 0.05, 2), (213, 0.05, 11), (3, 1, 3), (9, 0, 0)],
)
def test_the_share_is_rounded_up(conversions: int, share: float, size: int) -> None:
    assert sample_size(conversions, share) == size


def test_what_was_never_checked_goes_first_then_what_was_checked_longest_ago() -> None:
    candidates = [Candidate("new", 9), Candidate("old", 2), Candidate("never"), Candidate("older", 1)]
    assert choose(candidates, 3, unlisted=0, seed="s") == ["never", "older", "old"]
    assert choose(candidates, 1, unlisted=0, seed="s") == ["never"]


def test_what_is_in_doubt_is_repeated_whatever_the_count() -> None:
    candidates = [Candidate("a", 1, doubted=True), Candidate("b"), Candidate("c", 5, doubted=True)]
    assert choose(candidates, 0, unlisted=0, seed="s") == ["a", "c"]
    assert choose(candidates, 1, unlisted=0, seed="s") == ["a", "c", "b"]


def test_after_some_others_it_is_the_turn_of_the_task_list() -> None:
    candidates = [Candidate("listed", 7, listed=True), *(Candidate(f"new{n}") for n in range(8))]
    assert choose(candidates, 1, unlisted=LISTED_AFTER, seed="s") == ["listed"]
    assert "listed" not in choose(candidates, LISTED_AFTER, unlisted=0, seed="s")
    assert choose(candidates, LISTED_AFTER + 1, unlisted=0, seed="s")[-1] == "listed"


@given(CANDIDATES, st.integers(0, 15), st.integers(0, 9), st.text("xyz", max_size=3))
def test_a_choice_is_of_the_candidates_each_once_and_no_fewer_than_were_asked_for(
    candidates: list[Candidate], count: int, unlisted: int, seed: str
) -> None:
    chosen = choose(candidates, count, unlisted=unlisted, seed=seed)
    doubted = {c.key for c in candidates if c.doubted}
    assert len(chosen) == len(set(chosen)) == len(doubted) + min(count, len(candidates) - len(doubted))
    assert doubted <= set(chosen) <= {c.key for c in candidates}
    assert choose(list(reversed(candidates)), count, unlisted=unlisted, seed=seed) == chosen


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(1, 3))
def test_however_many_new_architectures_come_the_task_list_has_its_turn(arrivals: list[int], count: int) -> None:
    """Each submission converts one network of the list, and new architectures that were never checked."""
    listed, unlisted, number, gap = Candidate("listed", 1, listed=True), 0, 1, 0
    for submission, new in enumerate(arrivals * 4):
        fresh = [Candidate(f"{submission}.{n}") for n in range(new)]
        for key in choose([listed, *fresh], count, unlisted=unlisted, seed=str(submission)):
            number += 1
            gap = unlisted = 0 if key == "listed" else unlisted + 1
            listed = replace(listed, checked=number) if key == "listed" else listed
            assert gap <= LISTED_AFTER


def test_the_seed_decides_between_equals() -> None:
    candidates = [Candidate(name) for name in "abcdefgh"]
    picks = {choose(candidates, 1, unlisted=0, seed=f"commit {n}")[0] for n in range(40)}
    assert len(picks) > 4


@given(st.text())
def test_a_hash_seed_is_one_that_python_and_the_database_take_and_never_the_first(seed: str) -> None:
    assert 1 <= hash_seed(seed) <= MAX_HASH_SEED < 2**31
