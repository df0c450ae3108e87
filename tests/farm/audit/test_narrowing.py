"""Delta debugging: what is found makes the difference and nothing of it can be left out, within the trials that are allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from farm.audit.narrowing import Answer, narrowed

Test = Callable[[Sequence[int]], Answer]


def needing(*needed: int) -> Test:
    return lambda some: Answer.DIFFERS if set(needed) <= set(some) else Answer.SAME


def counted(test: Test) -> tuple[Test, list[tuple[int, ...]]]:
    asked: list[tuple[int, ...]] = []

    def ask(some: Sequence[int]) -> Answer:
        asked.append(tuple(some))
        return test(some)

    return ask, asked


def test_one_of_many_is_found_in_few_trials() -> None:
    test, asked = counted(needing(13))
    assert narrowed(range(64), test, 40) == ((13,), True)
    assert len(asked) <= 12


def test_a_single_unit_needs_no_trial() -> None:
    test, asked = counted(needing(0))
    assert narrowed([0], test, 40) == ((0,), True)
    assert asked == []


def test_two_that_only_together_make_it() -> None:
    assert narrowed(range(16), needing(3, 12), 200) == ((3, 12), True)


def test_half_of_a_change_that_breaks_the_code_proves_nothing() -> None:
    """Units 4 and 5 are a definition and its use."""

    def test(some: Sequence[int]) -> Answer:
        if (4 in some) != (5 in some):
            return Answer.UNRESOLVED
        return needing(4, 5)(some)

    assert narrowed(range(10), test, 200) == ((4, 5), True)


def test_where_trials_run_out_what_is_left_is_said_to_be_uncertain() -> None:
    found, certain = narrowed(range(64), needing(13), 2)
    assert 13 in found
    assert 1 < len(found) < 64
    assert not certain
    assert narrowed(range(64), needing(13), 0) == (tuple(range(64)), False)


@settings(max_examples=60)
@given(st.integers(1, 12), st.data())
def test_what_is_found_makes_the_difference_and_is_minimal(size: int, data: st.DataObject) -> None:
    needed = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=3))
    pairs = data.draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=3))

    def test(some: Sequence[int]) -> Answer:
        if any((a in some) != (b in some) for a, b in pairs):
            return Answer.UNRESOLVED
        return needing(*needed)(some)

    counting, asked = counted(test)
    found, certain = narrowed(range(size), counting, 10_000)
    assert certain
    assert found == tuple(range(size)) or test(found) is Answer.DIFFERS
    assert len(found) == 1 or all(test([u for u in found if u != unit]) is not Answer.DIFFERS for unit in found)
    assert len({frozenset(some) for some in asked}) == len(asked)  # nothing is asked twice


@given(st.integers(2, 24), st.integers(0, 30), st.integers(0, 23))
def test_no_more_trials_than_were_allowed(size: int, trials: int, needed: int) -> None:
    assume(needed < size)
    test, asked = counted(needing(needed))
    found, _ = narrowed(range(size), test, trials)
    assert len(asked) <= trials
    assert needed in found
