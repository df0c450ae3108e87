"""What the rules want and keep, as a training of any course meets them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.checkpoints import CheckpointError
from mcore.checkpoints.saving import Best, Every, Last, Moment, Rule, When
from mcore.checkpoints.saving.rules import rule_of


def test_a_condition_is_asked_once_of_a_moment() -> None:
    asked = []
    rule = Best("x", mode="max") | (When(lambda m: not asked.append(m.number), name="mine") & Every(epochs=1))
    assert rule.judged(Moment(7, {"x": 1.0}, epoch=0), ()) == (True, {"mine"})
    assert asked == [7]


COURSES = st.lists(st.integers(0, 5) | st.just(math.nan), max_size=20)


def run(rule: Rule, course: list[float]) -> tuple[list[int], list[int]]:
    """Numbers of the moments that are saved, and of those that are there in the end, where the rule decides alone."""
    there: list[Moment] = []
    saved = []
    for number, value in enumerate(course):
        moment = Moment(number, {"x": value}, epoch=number, step=10 * number)
        if not rule.wants(moment, there):
            continue
        moment = Moment(number, moment.metrics, moment.epoch, moment.step, wanted=rule.judged(moment, there)[1])
        saved.append(number)
        there.append(moment)
        kept = rule.keeps(there) | {number}
        there = [m for m in there if m.number in kept]
    return saved, [m.number for m in there]


@settings(max_examples=200)
@given(COURSES, st.integers(1, 4), st.sampled_from(("max", "min")))
def test_the_best_are_there_in_the_end(course: list[float], keep: int, mode: str) -> None:
    _, there = run(Best("x", mode=mode, keep=keep), course)  # type: ignore[arg-type]
    sign = 1 if mode == "max" else -1
    ranked = sorted((i for i, v in enumerate(course) if not math.isnan(v)), key=lambda i: (-sign * course[i], i))
    assert there == sorted(ranked[:keep])


@settings(max_examples=100)
@given(COURSES, st.integers(1, 3), st.integers(1, 3))
def test_the_best_and_the_last_are_there_in_the_end(course: list[float], keep: int, last: int) -> None:
    _, there = run(Best("x", mode="max", keep=keep) | Last(last), course)
    _, best = run(Best("x", mode="max", keep=keep), course)
    assert set(there) == set(best) | set(range(len(course))[-last:])


def test_a_best_must_be_better_by_so_much() -> None:
    saved, there = run(Best("x", mode="max", min_delta=0.5), [1.0, 1.4, 1.5, 1.75, 2.0])
    assert (saved, there) == ([0, 3], [3])


def test_every_so_many() -> None:
    assert run(Every(epochs=3), [0] * 10) == ([2, 5, 8], [2, 5, 8])
    assert run(Every(epochs=3, keep=2), [0] * 10)[1] == [5, 8]
    assert run(Every(steps=40), [0] * 10) == ([4, 8], [4, 8])


@pytest.mark.parametrize(
    ("rule", "said"), [(Every(epochs=2), "the epoch is not said"), (Every(steps=2), "the step is")]
)
def test_what_counts_must_be_said(rule: Every, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        rule.wants(Moment(0), ())


def test_a_function_is_a_rule() -> None:
    rule = rule_of(lambda moment: moment.metrics["x"] > 2)
    assert run(rule, [1, 3, 2, 4]) == ([1, 3], [1, 3])
    assert run(When(lambda m: True, keep=2), [0] * 4)[1] == [2, 3]
    of_artefacts = When(lambda m: m.artefacts["norm"] < 1)
    assert of_artefacts.wants(Moment(0, artefacts={"norm": 0.5}), ())


def test_combinations() -> None:
    both = Best("x", mode="max") & Every(epochs=2)
    assert run(both, [1, 2, 9, 3, 4, 5]) == ([1, 3, 5], [5])
    either = When(lambda m: m.metrics["x"] > 8, name="high") | Last()
    assert run(either, [1, 2, 9, 3, 4]) == ([0, 1, 2, 3, 4], [2, 4])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Best("x", mode="up"), "mode is max or min"),  # type: ignore[arg-type]
        (lambda: Best("x", mode="max", keep=0), "1 or more"),
        (lambda: Last(0), "1 or more"),
        (lambda: Every(), "either epochs or steps"),
        (lambda: Every(epochs=1, steps=1), "either epochs or steps"),
        (lambda: Best("y", mode="max").wants(Moment(0, {"x": 1.0}), ()), "no such metric; there are x"),
        (lambda: Every(epochs=1).wants(Moment(0), ()), "the epoch is not said"),
    ],
)
def test_what_makes_no_sense_is_refused(make: object, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        make()  # type: ignore[operator]
