from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farm.regressions.lines import Found, Point
from farm.regressions.matching import Known, match

A, B, C, D, E = (Point(name, 0) for name in "abcde")


def found(good: Point, bad: Point, *more: Point) -> Found:
    return Found(bad, (good,), frozenset({bad, *more}), (), ())


def test_the_same_first_failure_comes_first() -> None:
    rows = [Known(1, C, A), Known(2, B, A)]
    assert match(rows, [found(A, B, C)]) == {0: 2}


def test_a_failure_that_was_first_and_is_a_later_one_now() -> None:
    assert match([Known(1, C, A)], [found(A, B, C)]) == {0: 1}


def test_the_same_last_pass_where_the_first_failure_was_none() -> None:
    assert match([Known(1, B, A)], [found(A, C)]) == {0: 1}


def test_one_that_is_split_keeps_its_row_where_its_first_failure_is() -> None:
    assert match([Known(1, D, A)], [found(A, B), found(C, D)]) == {1: 1}


def test_of_two_that_turn_out_to_be_one_the_older_row_stays() -> None:
    assert match([Known(2, D, A), Known(1, C, A)], [found(A, B, C, D)]) == {0: 1}


def test_what_was_withdrawn_comes_back_by_its_own_failure_only() -> None:
    assert match([Known(1, B, A, withdrawn=True)], [found(A, C)]) == {}
    assert match([Known(1, C, A, withdrawn=True)], [found(A, B, C)]) == {}
    assert match([Known(1, B, A, withdrawn=True)], [found(A, B)]) == {0: 1}


POINTS = st.sampled_from([A, B, C, D, E])


@given(
    st.lists(st.tuples(POINTS, POINTS, st.booleans()), max_size=4),
    st.lists(st.tuples(POINTS, POINTS, st.sets(POINTS)), max_size=4),
)
def test_no_row_stands_for_two_and_none_has_two(
    rows: list[tuple[Point, Point, bool]], ends: list[tuple[Point, Point, set[Point]]]
) -> None:
    known = [Known(n, *row) for n, row in enumerate(rows)]
    matched = match(known, [found(good, bad, *more) for good, bad, more in ends])
    assert len(set(matched.values())) == len(matched)
    same = {bad for _, bad, _ in ends} & {row.first_bad for row in known}
    assert len(matched) >= len(same)
