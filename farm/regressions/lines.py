"""Where a cell of the table turned from passing to failing, and back, over a graph of commits; pure.

A *point* is a commit on a stack. One is before another where its commit is an ancestor of the other's, or is the same, and its
stack was rolled out before, or is the same. What was tested, and says whether it passes, is compared with the nearest tested
points before it: on every line of the graph, so that a merge and a revert need no rules of their own.

- A failure after passes alone opens a regression. One after a failure goes on with its regressions, also where another line
  that is merged here passes.
- A pass after a failure is a fix of its regressions.
- A regression is open on a *head* (the newest commit of a branch) where the last word there, or the nearest one before it, is a
  failure of it. It is open as long as it is on any: a fix on one branch does not mend another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Point(NamedTuple):
    """A commit on a stack; stacks are numbered in the order in which they were rolled out."""

    commit: str
    stack: int


@dataclass(frozen=True, slots=True)
class Found:
    """One regression.

    Args:
        first_bad: the failure that opened it.
        last_good: the nearest passes before, those on the same stack first; several where lines are merged, or where commit and
            stack both changed.
        failing: all failures that belong to it.
        fixed: the passes that follow a failure of it, ancestors first.
        open_on: heads that still have it.
    """

    first_bad: Point
    last_good: tuple[Point, ...]
    failing: frozenset[Point]
    fixed: tuple[Point, ...]
    open_on: tuple[str, ...]


class Graph:
    """Commits by their parents; what is no key is not known, and nothing comes before it."""

    def __init__(self, parents: Mapping[str, Sequence[str]]) -> None:
        self.parents = {c: tuple(p for p in before if p in parents) for c, before in parents.items()}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All commits, each after its ancestors."""
        missing = {commit: len(set(before)) for commit, before in self.parents.items()}
        children: dict[str, list[str]] = {}
        for commit, before in self.parents.items():
            for parent in set(before):
                children.setdefault(parent, []).append(commit)
        ready = [commit for commit, count in missing.items() if not count]
        for commit in ready:  # grows meanwhile
            for child in children.get(commit, ()):
                missing[child] -= 1
                if not missing[child]:
                    ready.append(child)
        return tuple(ready)

    def upto(self, commits: Collection[str]) -> set[str]:
        """Commits and all their ancestors, as far as they are known."""
        found = {commit for commit in commits if commit in self.parents}
        pending = list(found)
        while pending:
            for parent in self.parents[pending.pop()]:
                if parent not in found:
                    found.add(parent)
                    pending.append(parent)
        return found

    def between(self, last_good: Collection[str], first_bad: str) -> list[str]:
        """The culprit range: ``first_bad`` and its ancestors that none of ``last_good`` has, ancestors first."""
        span = self.upto([first_bad]) - self.upto(last_good)
        return [commit for commit in self.order if commit in span]


def heads_of(graph: Graph, submitted: Sequence[tuple[str, str | None]]) -> dict[str, tuple[str, ...]]:
    """The commits on which a regression counts as open, with their names: branches, or the commit's own key.

    They are the newest submitted commit of each branch, and commits of no branch that no submitted one descends from. A branch
    that was merged into another does not count any more: what became of it is told there.

    Args:
        graph: of the commits.
        submitted: commit and branch of each submission, in the order of time.
    """
    newest = {branch: commit for commit, branch in submitted if branch is not None and commit in graph.parents}
    named: dict[str, list[str]] = {}
    for branch, commit in newest.items():
        named.setdefault(commit, []).append(branch)
    of_branches = {commit for commit, branch in submitted if branch is not None}
    alone = {commit for commit, _ in submitted if commit in graph.parents} - of_branches
    line, reached = _reached(graph, named)
    heads = {c: tuple(sorted(names)) for c, names in named.items() if c not in reached or c in line}
    _, gone_on = _reached(graph, {commit for commit, _ in submitted})
    return heads | {c: (c,) for c in graph.order if c in alone and c not in gone_on}


def _reached(graph: Graph, heads: Collection[str]) -> tuple[set[str], set[str]]:
    """Commits that one of the heads descends from, by first parents alone, and by any."""
    line: set[str] = set()
    reached: set[str] = set()
    for commit in reversed(graph.order):
        if commit not in heads and commit not in reached:
            continue
        parents = graph.parents[commit]
        reached.update(parents)
        if parents and (commit in heads or commit in line):
            line.add(parents[0])
    return line, reached


def find(graph: Graph, tested: Mapping[Point, bool], heads: Collection[str]) -> tuple[Found, ...]:
    """The regressions of one cell, in the order of the graph.

    Args:
        graph: of the commits; those of ``tested`` that it does not have are left out.
        tested: whether each point passes.
        heads: of :func:`heads_of`.
    """
    return _Walk(graph, tested).found(heads)


class _Walk:
    """Along the graph from ancestors to descendants, with the nearest tested points before each commit.

    Tested points are numbered as they are come to. ``_below`` has a bit for each of those before a point. For each stack and
    commit, the nearest tested points are those on that stack or earlier ones which no other one comes after.
    """

    def __init__(self, graph: Graph, tested: Mapping[Point, bool]) -> None:
        self._graph, self._tested = graph, tested
        self._stacks = sorted({point.stack for point in tested})
        self._points: list[Point] = []
        self._below: list[int] = []
        self._before: list[list[int]] = []
        self._nearest: dict[str, tuple[frozenset[int], ...]] = {}
        at: dict[str, list[int]] = {}
        for commit, stack in tested:
            at.setdefault(commit, []).append(stack)
        for commit in graph.order:
            nearest = self._inherited(commit)
            for stack in sorted(at.get(commit, ())):
                nearest = self._with(Point(commit, stack), nearest)
            self._nearest[commit] = nearest

    def found(self, heads: Collection[str]) -> tuple[Found, ...]:
        opened: list[int] = []
        belongs: dict[int, frozenset[int]] = {}  # failure: regressions, by their place in ``opened``
        fixed: dict[int, list[Point]] = {}
        for number, point in enumerate(self._points):
            before = self._before[number]
            ongoing = frozenset(r for b in before for r in belongs.get(b, ()))
            if self._tested[point]:
                for regression in ongoing:
                    fixed.setdefault(regression, []).append(point)
            elif ongoing:
                belongs[number] = ongoing
            elif any(self._passes(b) for b in before):
                belongs[number] = frozenset([len(opened)])
                opened.append(number)
        open_on: dict[int, list[str]] = {}
        for head in (commit for commit in self._graph.order if commit in heads):
            last_words = self._nearest[head][-1] if self._stacks else frozenset()
            for regression in sorted({r for n in last_words for r in belongs.get(n, ())}):
                open_on.setdefault(regression, []).append(head)
        failing: dict[int, set[Point]] = {}
        for number, regressions in belongs.items():
            for regression in regressions:
                failing.setdefault(regression, set()).add(self._points[number])
        return tuple(
            Found(
                self._points[number],
                self._last_good(number),
                frozenset(failing[place]),
                tuple(fixed.get(place, ())),
                tuple(open_on.get(place, ())),
            )
            for place, number in enumerate(opened)
        )

    def _last_good(self, number: int) -> tuple[Point, ...]:
        stack = self._points[number].stack
        passing = [b for b in self._before[number] if self._passes(b)]
        return tuple(self._points[b] for b in sorted(passing, key=lambda b: (self._points[b].stack != stack, -b)))

    def _passes(self, number: int) -> bool:
        return self._tested[self._points[number]]

    def _inherited(self, commit: str) -> tuple[frozenset[int], ...]:
        """For each stack the nearest tested points before a commit."""
        lines = [self._nearest[parent] for parent in self._graph.parents[commit]]
        if not lines:
            return (frozenset(),) * len(self._stacks)
        if all(line is lines[0] for line in lines):
            return lines[0]
        return tuple(self._last(frozenset().union(*of_stack)) for of_stack in zip(*lines, strict=True))

    def _last(self, numbers: frozenset[int]) -> frozenset[int]:
        """Those that come before none of the others."""
        below = 0
        for number in numbers:
            below |= self._below[number]
        return frozenset(n for n in numbers if not below >> n & 1)

    def _with(self, point: Point, nearest: tuple[frozenset[int], ...]) -> tuple[frozenset[int], ...]:
        """The nearest ones from a tested point of the commit on."""
        place = self._stacks.index(point.stack)
        before = sorted(nearest[place])
        number, below = len(self._points), 0
        for b in before:
            below |= self._below[b] | 1 << b
        self._points.append(point)
        self._below.append(below)
        self._before.append(before)
        after = [frozenset({*(n for n in level if not below >> n & 1), number}) for level in nearest[place:]]
        return (*nearest[:place], *after)
