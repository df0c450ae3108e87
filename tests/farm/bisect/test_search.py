"""The search for the first bad commit, against brute force on histories with merges."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.bisect.search import Ask, Found, History, Result, Step, Undecided, next_step


def chain(length: int) -> History:
    """The candidates ``0`` to ``length - 1``, after the good commit ``good``."""
    parents = {str(n): (str(n - 1) if n else "good",) for n in range(length)}
    return History(tuple(parents), parents)


@dataclass
class Run:
    """A search that was carried through."""

    end: Found | Undecided
    tested: list[str]
    known: dict[str, Result]


def carry_through(
    history: History, classes: Sequence[str], truth: Mapping[str, Result], known: Mapping[str, Result] | None = None
) -> Run:
    results = dict(known if known is not None else {classes[-1]: truth[classes[-1]]})
    tested: list[str] = []
    while True:
        step = next_step(history, classes, results)
        if not isinstance(step, Ask):
            return Run(step, tested, results)
        name = classes[history.commits.index(step.commit)]
        assert name not in results, "a class is asked about once"
        tested.append(name)
        results[name] = truth[name]


def naive_lines(history: History) -> dict[str, set[str]]:
    """Each candidate's ancestors among the candidates, and itself."""
    lines: dict[str, set[str]] = {}
    for commit in history.commits:
        lines[commit] = {commit}.union(*(lines.get(parent, set()) for parent in history.parents[commit]))
    return lines


@st.composite
def histories(draw: Callable[..., object], most: int = 9) -> History:
    """Any shape with one end: later commits have one or two parents among the earlier ones, the last has all loose ends."""
    count = draw(st.integers(1, most))
    assert isinstance(count, int)
    parents: dict[str, tuple[str, ...]] = {}
    for n in range(count - 1):
        earlier = ["good", *map(str, range(n))]
        found = draw(st.lists(st.sampled_from(earlier), min_size=1, max_size=2, unique=True))
        assert isinstance(found, list)
        parents[str(n)] = tuple(found)
    loose = set(parents) - {p for ps in parents.values() for p in ps}
    parents[str(count - 1)] = tuple(sorted(loose)) or ("good",)
    return History(tuple(parents), parents)


@st.composite
def broken(draw: Callable[..., object], *, skips: bool = False) -> tuple[History, list[str], dict[str, Result]]:
    """A history, the class of each commit, and the results: what comes after a bad commit is bad."""
    history = draw(histories())
    assert isinstance(history, History)
    bad: set[str] = set()
    for commit in history.commits:
        after = any(parent in bad for parent in history.parents[commit])
        if after or commit == history.commits[-1] or draw(st.booleans()):
            bad.add(commit)
    names = [f"{'bad' if c in bad else 'good'}{draw(st.integers(0, 2))}" for c in history.commits]
    truth = {n: Result.BAD if n.startswith("bad") else Result.GOOD for n in names}
    if skips:
        for name in sorted(set(names) - {names[-1]}):
            if draw(st.integers(0, 2)) == 0:
                truth[name] = Result.SKIP
    return history, names, truth


@given(broken())
def test_what_is_found_is_bad_and_all_before_it_is_good(case: tuple[History, list[str], dict[str, Result]]) -> None:
    history, classes, truth = case
    run = carry_through(history, classes, truth)
    assert isinstance(run.end, Found)
    of = dict(zip(history.commits, classes, strict=True))
    assert truth[of[run.end.commit]] is Result.BAD
    assert run.known[of[run.end.commit]] is Result.BAD, "it was seen to be bad"
    assert {truth[of[p]] for p in history.parents[run.end.commit] if p in of} <= {Result.GOOD}
    assert len(run.tested) <= len(set(classes)) - 1


@given(broken(skips=True))
def test_what_cannot_be_decided_holds_the_first_bad_commit(
    case: tuple[History, list[str], dict[str, Result]],
) -> None:
    history, classes, truth = case
    run = carry_through(history, classes, truth)
    of = dict(zip(history.commits, classes, strict=True))
    good = [c for c in history.commits if run.known.get(of[c]) is Result.GOOD]
    lines = naive_lines(history)
    cleared = set().union(*(lines[c] for c in good))
    if isinstance(run.end, Found):
        assert run.known[of[run.end.commit]] is Result.BAD
        assert {p for p in history.parents[run.end.commit] if p in of} <= cleared
        return
    *skipped, last = run.end.commits
    assert run.known[of[last]] is Result.BAD
    assert skipped
    assert {run.known[of[c]] for c in skipped} == {Result.SKIP}
    assert set(run.end.commits) == lines[last] - cleared, (
        "nothing that could be cleared is left, and nothing else is lost"
    )


@given(st.data(), st.integers(1, 24))
def test_in_a_line_the_commit_before_is_known_to_be_good_whatever_comes_and_goes(data: st.DataObject, n: int) -> None:
    history = chain(n)
    classes = data.draw(st.lists(st.sampled_from("abcdef"), min_size=n, max_size=n))
    truth = {name: data.draw(st.sampled_from((Result.GOOD, Result.BAD))) for name in sorted(set(classes))}
    truth[classes[-1]] = Result.BAD
    run = carry_through(history, classes, truth)
    assert isinstance(run.end, Found)
    place = history.commits.index(run.end.commit)
    assert run.known[classes[place]] is Result.BAD
    assert place == 0 or run.known[classes[place - 1]] is Result.GOOD


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40), st.integers(0, 39))
def test_a_line_of_classes_takes_as_many_tests_as_halving_does(lengths: list[int], first_bad: int) -> None:
    classes = [f"b{n}" for n, length in enumerate(lengths) for _ in range(length)]
    truth = {f"b{n}": Result.BAD if n >= min(first_bad, len(lengths) - 1) else Result.GOOD for n in range(len(lengths))}
    history = chain(len(classes))
    run = carry_through(history, classes, truth)
    assert run.end == Found(str(classes.index(f"b{min(first_bad, len(lengths) - 1)}")))
    assert len(run.tested) <= math.ceil(math.log2(len(lengths)))
    first = next_step(history, classes, {classes[-1]: Result.BAD})
    assert isinstance(first, Found) or first.tests == math.ceil(math.log2(len(lengths)))


@given(broken(), st.data())
def test_the_test_that_is_chosen_leaves_the_fewest_classes_at_worst(
    case: tuple[History, list[str], dict[str, Result]], data: st.DataObject
) -> None:
    history, classes, truth = case
    known = {n: truth[n] for n in sorted(set(classes)) if n == classes[-1] or data.draw(st.booleans())}
    step = next_step(history, classes, known)
    assert step_cost(history, classes, known, step) == min(
        (worst(history, classes, known, n) for n in suspected(history, classes, known)), default=0
    )


def test_a_bad_member_that_is_no_suspect_may_be_the_first_bad_one() -> None:
    """Of ``other``, one commit stands alone: were it bad, it would be the first bad one, though the search is elsewhere."""
    parents = {"0": ("good",), "1": ("good",), "2": ("0",), "3": ("2",), "4": ("1", "3")}
    history = History(tuple(parents), parents)
    step = next_step(history, ["old", "other", "other", "new", "new"], {"new": Result.BAD})
    assert step == Ask("2", 2, 1)


def suspects(history: History, classes: Sequence[str], known: Mapping[str, Result]) -> set[str]:
    """By sets, and the definition."""
    lines, of = naive_lines(history), dict(zip(history.commits, classes, strict=True))
    left = set(history.commits).difference(*(lines[c] for c in of if known.get(of[c]) is Result.GOOD))
    places = {commit: 1 << place for place, commit in enumerate(history.commits)}

    def size(line: set[str]) -> tuple[int, int]:
        return len(line), sum(places[c] for c in line)

    return min((lines[c] & left for c in left if known.get(of[c]) is Result.BAD), key=size)


def suspected(history: History, classes: Sequence[str], known: Mapping[str, Result]) -> set[str]:
    of = dict(zip(history.commits, classes, strict=True))
    return {of[c] for c in suspects(history, classes, known)} - set(known)


def worst(history: History, classes: Sequence[str], known: Mapping[str, Result], name: str) -> int:
    """How many classes are left at worst when one is tested."""
    return max(len(suspected(history, classes, {**known, name: r})) for r in (Result.GOOD, Result.BAD))


def step_cost(history: History, classes: Sequence[str], known: Mapping[str, Result], step: Step) -> int:
    if not isinstance(step, Ask):
        assert not suspected(history, classes, known)
        return 0
    name = classes[history.commits.index(step.commit)]
    assert step.commit in suspects(history, classes, known)
    assert step.classes == len(suspected(history, classes, known))
    return worst(history, classes, known, name)


def test_sixty_four_commits_of_three_bundles_take_one_test() -> None:
    classes = ["b1"] * 20 + ["b2"] * 30 + ["b3"] * 14
    known = {"b1": Result.GOOD, "b3": Result.BAD}
    for middle, first in ((Result.GOOD, "50"), (Result.BAD, "20")):
        run = carry_through(chain(64), classes, {**known, "b2": middle}, known)
        assert (run.end, run.tested) == (Found(first), ["b2"])


def test_a_fix_that_was_reverted_is_found_without_another_test() -> None:
    classes = ["ok", "broken", "broken", "ok", "broken"]
    known = {"ok": Result.GOOD, "broken": Result.BAD}
    assert next_step(chain(5), classes, known) == Found("4")


def test_an_old_bundle_that_was_never_tested_is_not_taken_to_be_good_for_its_place() -> None:
    classes = ["x", "good", "x", "bad"]
    known = {"good": Result.GOOD, "bad": Result.BAD}
    step = next_step(chain(4), classes, known)
    assert step == Ask("2", 1, 1)
    assert next_step(chain(4), classes, {**known, "x": Result.BAD}) == Found("2")


def test_of_two_branches_the_one_that_is_broken_is_followed() -> None:
    history = History(
        ("left", "left2", "right", "merge"),
        {"left": ("good",), "left2": ("left",), "right": ("good",), "merge": ("left2", "right")},
    )
    classes = ["l", "l2", "r", "m"]
    known = {"m": Result.BAD}
    assert next_step(history, classes, {**known, "l2": Result.GOOD}) == Ask("right", 1, 1)
    assert next_step(history, classes, {**known, "r": Result.BAD}) == Found("right")
    merged = {**known, "r": Result.GOOD, "l2": Result.GOOD}
    assert next_step(history, classes, merged) == Found("merge"), "neither side is broken, what they make together is"


def test_what_was_skipped_stays_between() -> None:
    classes = ["a", "s", "s", "c", "d"]
    known = {"a": Result.GOOD, "s": Result.SKIP, "d": Result.BAD}
    assert next_step(chain(5), classes, known) == Ask("3", 1, 1)
    assert next_step(chain(5), classes, {**known, "c": Result.BAD}) == Undecided(("1", "2", "3"))


def test_the_bad_end_must_be_known() -> None:
    with pytest.raises(ValueError, match="last commit must be known to be bad"):
        next_step(chain(2), ["a", "b"], {"a": Result.GOOD})


def test_a_thousand_commits_of_hundreds_of_bundles_are_quick() -> None:
    classes = [f"b{n // 3}" for n in range(1000)]
    truth = {name: Result.GOOD if int(name[1:]) < 200 else Result.BAD for name in classes}
    run = carry_through(chain(1000), classes, truth)
    assert run.end == Found("600")
    assert len(run.tested) <= 9
