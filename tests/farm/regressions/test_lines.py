"""Turns over a graph of commits, held against a slow and obvious model."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.regressions.lines import Found, Graph, Point, find, heads_of

#: a - b - c - d, and a branch x - y from b that m merges into c.
MERGED = {"a": (), "b": ("a",), "c": ("b",), "x": ("b",), "y": ("x",), "m": ("c", "y"), "n": ("m",)}


def line(*commits: str) -> dict[str, tuple[str, ...]]:
    return {commit: commits[max(0, n - 1) : n] for n, commit in enumerate(commits)}


def told(parents: Mapping[str, tuple[str, ...]], words: Mapping[str, str], *heads: str) -> list[tuple[str, str, str]]:
    """First bad, last good and fixed commit of each regression; ``words`` has + and - by commit, a stack for each."""
    tested = {Point(c, s): w == "+" for c, said in words.items() for s, w in enumerate(said) if w != " "}
    found = find(Graph(parents), tested, heads or (list(parents)[-1],))
    return [(f.first_bad.commit, f.last_good[0].commit, f.fixed[0].commit if f.fixed else "") for f in found]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"a": "+", "b": "+", "c": "+"}, []),
        ({"a": "-", "b": "-"}, []),
        ({"a": "+", "b": "-", "c": "-"}, [("b", "a", "")]),
        ({"a": "+", "d": "-"}, [("d", "a", "")]),
        ({"a": "+", "b": "+", "d": "-"}, [("d", "b", "")]),
        ({"a": "+", "c": "-", "d": "-"}, [("c", "a", "")]),
        ({"a": "+", "b": "-", "c": "+", "d": "-"}, [("b", "a", "c"), ("d", "c", "")]),
        ({"a": "+", "b": "-", "d": "+"}, [("b", "a", "d")]),
    ],
    ids=[
        "passes",
        "never passed",
        "breaks",
        "untested between",
        "narrowed from below",
        "from above",
        "again",
        "mended",
    ],
)
def test_on_one_line(words: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    assert told(line("a", "b", "c", "d"), words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"b": "+", "c": "+", "y": "-", "m": "-"}, [("y", "b", "")]),
        ({"b": "+", "c": "+", "y": "-", "m": "+"}, [("y", "b", "m")]),
        ({"b": "+", "c": "+", "y": "+", "m": "-"}, [("m", "y", "")]),
        ({"b": "+", "c": "-", "y": "-", "m": "-", "n": "+"}, [("c", "b", "n"), ("y", "b", "n")]),
        ({"c": "+", "y": "-", "m": "-"}, [("m", "c", "")]),
        ({"a": "+", "b": "-", "c": "+", "m": "-"}, [("b", "a", "c"), ("m", "c", "")]),
    ],
    ids=[
        "brought by a branch",
        "mended by the merge",
        "by the merge itself",
        "on both lines",
        "branch never passed",
        "mended on one line, and not tested on the other",
    ],
)
def test_over_a_merge(words: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    assert sorted(told(MERGED, words, "n")) == sorted(expected)


def test_what_lies_behind_a_fix_on_another_line_does_not_go_on() -> None:
    parents = line("a", "b", "c", "d") | {"x": ("b",), "m": ("d", "x")}
    words = {"a": "+", "b": "-", "c": "+", "d": "+", "m": "-"}
    assert told(parents, words) == [("b", "a", "c"), ("m", "d", "")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"a": "+-"}, [("a", "a", "")]),
        ({"a": "+", "b": " -"}, [("b", "a", "")]),
        ({"a": "+-", "b": " -"}, [("a", "a", "")]),
        ({"a": "++", "b": " -"}, [("b", "a", "")]),
        ({"a": "+ ", "b": "+-"}, [("b", "b", "")]),
        ({"a": "++", "b": "-+"}, [("b", "a", "b")]),
        ({"a": "++", "b": " -", "c": "+ "}, [("b", "a", "")]),
    ],
    ids=["stack", "both", "told to be the stack", "told to be the commit", "told on the old stack", "mended by the stack",
         "a pass on an older stack mends nothing"],
)  # fmt: skip
def test_over_stacks(words: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    assert told(line("a", "b", "c"), words) == expected


def test_a_fix_on_a_branch_closes_it_there_alone() -> None:
    tested = {Point("b", 0): True, Point("c", 0): False, Point("x", 0): False, Point("y", 0): True}
    parents = {"a": (), "b": ("a",), "x": ("b",), "c": ("x",), "y": ("x",), "m": ("c", "y")}
    (found,) = find(Graph(parents), tested, ("c", "y"))
    assert (found.first_bad.commit, found.open_on) == ("x", ("c",))
    (found,) = find(Graph(parents), tested | {Point("m", 0): True}, ("m",))
    assert (found.open_on, [p.commit for p in found.fixed]) == ((), ["y", "m"])


def test_what_is_behind_a_head_counts_there_until_something_after_it_is_tested() -> None:
    graph = Graph(line("a", "b", "c", "d"))
    tested = {Point("a", 0): True, Point("b", 0): False, Point("d", 0): True}
    assert find(graph, tested, ("c", "d"))[0].open_on == ("c",)


def test_the_culprit_range_has_what_no_pass_has() -> None:
    graph = Graph(MERGED)
    assert set(graph.between(["b"], "m")) == {"c", "x", "y", "m"}
    assert set(graph.between(["c", "x"], "m")) == {"y", "m"}
    assert graph.between(["a"], "c") == ["b", "c"]


def test_a_parent_that_is_not_known_ends_the_graph() -> None:
    assert told({"b": ("a",), "c": ("b",)}, {"a": "+", "b": "+", "c": "-"}) == [("c", "b", "")]


@pytest.mark.parametrize(
    ("submitted", "heads"),
    [
        ([("a", "main"), ("c", "main")], {"c": ("main",)}),
        ([("c", "main"), ("b", "main")], {"b": ("main",)}),
        ([("c", "main"), ("y", "topic")], {"c": ("main",), "y": ("topic",)}),
        ([("y", "topic"), ("n", "main")], {"n": ("main",)}),
        ([("c", "topic"), ("n", "main")], {"c": ("topic",), "n": ("main",)}),
        ([("a", None), ("c", None), ("y", None)], {"c": ("c",), "y": ("y",)}),
        ([("c", "main"), ("y", None)], {"c": ("main",), "y": ("y",)}),
        ([("y", None), ("n", "main")], {"n": ("main",)}),
        ([("y", "topic"), ("x", "topic"), ("c", "main"), ("c", "same")], {"x": ("topic",), "c": ("main", "same")}),
        ([("elsewhere", "main")], {}),
    ],
)
def test_the_heads(submitted: list[tuple[str, str | None]], heads: dict[str, tuple[str, ...]]) -> None:
    assert heads_of(Graph(MERGED), submitted) == heads


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, tuple[str, ...]], dict[Point, bool], list[str]]:
    """Graphs of up to nine commits with merges, two stacks, some points tested, and heads."""
    names = "abcdefghi"[: draw(st.integers(1, 9))]
    parents = {
        name: tuple(draw(st.lists(st.sampled_from(names[:n]), unique=True, min_size=n > 1, max_size=2))) if n else ()
        for n, name in enumerate(names)
    }
    words = st.sampled_from([None, True, False])
    points = [Point(name, stack) for name in names for stack in range(draw(st.integers(1, 2)))]
    tested = {point: passes for point in points if (passes := draw(words)) is not None}
    return parents, tested, draw(st.lists(st.sampled_from(names), unique=True, max_size=3))


def slow(
    parents: dict[str, tuple[str, ...]], tested: dict[Point, bool], heads: list[str]
) -> dict[Point, tuple[frozenset[Point], frozenset[Point], frozenset[Point], frozenset[str]]]:
    """By first bad: last good, failing, fixed, open on; straight from the definitions."""

    def upto(commit: str) -> set[str]:
        return {commit}.union(*(upto(parent) for parent in parents[commit]))

    def before(a: Point, b: Point) -> bool:
        return a != b and a.commit in upto(b.commit) and a.stack <= b.stack

    def last(points: set[Point]) -> set[Point]:
        return {p for p in points if not any(before(p, q) for q in points)}

    def nearest(point: Point) -> set[Point]:
        return last({p for p in tested if before(p, point)})

    def regressions(point: Point) -> set[Point]:
        """The first failures of those that a failure belongs to."""
        ongoing: set[Point] = set().union(*(regressions(p) for p in nearest(point) if not tested[p]))
        return ongoing or ({point} if any(tested[p] for p in nearest(point)) else set())

    failures = {p for p, passes in tested.items() if not passes}
    words = {head: last({p for p in tested if p.commit in upto(head)}) for head in heads}
    return {
        first: (
            frozenset(p for p in nearest(first) if tested[p]),
            frozenset(p for p in failures if first in regressions(p)),
            frozenset(
                p
                for p in tested
                if tested[p] and any(not tested[q] and first in regressions(q) for q in nearest(p))
            ),
            frozenset(h for h in heads if any(not tested[p] and first in regressions(p) for p in words[h])),
        )
        for first in {first for p in failures for first in regressions(p)}
    }  # fmt: skip


@settings(max_examples=200)
@given(histories())
def test_it_is_what_the_definitions_say(
    history: tuple[dict[str, tuple[str, ...]], dict[Point, bool], list[str]],
) -> None:
    parents, tested, heads = history
    found = find(Graph(parents), tested, heads)
    expected = slow(parents, tested, heads)
    assert len(found) == len(expected)
    for f in found:
        assert (frozenset(f.last_good), f.failing, frozenset(f.fixed), frozenset(f.open_on)) == expected[f.first_bad]


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_things_became_known_does_not_matter(
    history: tuple[dict[str, tuple[str, ...]], dict[Point, bool], list[str]], random: object
) -> None:
    parents, tested, heads = history
    names, points = list(parents), list(tested)
    random.shuffle(names)  # type: ignore[attr-defined]
    random.shuffle(points)  # type: ignore[attr-defined]

    def facts(found: tuple[Found, ...]) -> set[tuple[object, ...]]:
        return {
            (f.first_bad, frozenset(f.last_good), f.failing, frozenset(f.fixed), frozenset(f.open_on)) for f in found
        }

    shuffled = find(Graph({n: parents[n] for n in names}), {p: tested[p] for p in points}, heads)
    assert facts(shuffled) == facts(find(Graph(parents), tested, heads))
