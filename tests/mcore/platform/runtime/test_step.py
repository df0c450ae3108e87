import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.runtime.step import (
    LEAST_WORK,
    Step,
    Together,
    alone,
    in_two,
    is_shareable,
    lanes,
    ranges,
    shares,
    together,
    walk,
)


@given(total=st.integers(0, 3000), length=st.integers(0, 500))
def test_ranges_cover_all_in_pieces_of_about_one_size(total: int, length: int) -> None:
    made = ranges(total, length)
    assert [i for first, last in made for i in range(first, last)] == list(range(total))
    sizes = [last - first for first, last in made]
    assert max(sizes, default=0) <= max(length, 1)
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    assert len(made) in (0, 1, total) or len(made) % 2 == 0


@given(items=st.lists(st.integers(), max_size=40), count=st.integers(1, 9))
def test_shares_keep_order_and_are_balanced(items: list[int], count: int) -> None:
    made = shares(items, count)
    assert [item for share in made for item in share] == items
    assert len(made) == max(min(count, len(items)), 1)
    assert max(map(len, made)) - min(map(len, made)) <= 1


def test_little_work_stays_in_one_lane() -> None:
    assert [lanes(n * LEAST_WORK, 4) for n in (0, 1, 2, 3, 100)] == [1, 1, 2, 3, 4]
    assert lanes(10**12, 1) == 1


def test_what_is_worth_two_lanes_is_cut_in_two() -> None:
    assert [is_shareable(n * LEAST_WORK) for n in (0, 1, 2, 9)] == [False, False, True, True]
    assert [in_two(n) for n in (0, 1, 2, 7)] == [[], [(0, 1)], [(0, 1), (1, 2)], [(0, 3), (3, 7)]]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_only_several_lanes_are_together(count: int) -> None:
    step = Step(np.negative, (np.ones(1),), np.ones(1))
    made = list(together([step, step] for _ in range(count)))
    assert made == [[], [step, step], [Together(((step, step),) * 2)], [Together(((step, step),) * 3)]][count]


def test_all_lanes_can_be_run_one_after_the_other() -> None:
    out = np.zeros(4)

    def add(place: int) -> Step:
        return Step(np.add, (out[place : place + 1], out[:1] + 1), out[place : place + 1])

    walk(alone([add(1), Together(((add(2), add(2)), (add(3),))), add(1)]))
    np.testing.assert_array_equal(out, [0, 2, 2, 1])
