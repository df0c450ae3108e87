"""The next commit to test, or the first bad one, from what is known; pure: values in, values out.

As ``git bisect`` has it: a good commit speaks for its ancestors too, and the first bad commit is a bad one with no bad
ancestor among the candidates. Results are of *classes*, commits with the same bundle: each class is asked about once. That a
commit's ancestors are good is never taken to say anything of their classes: a fix that is reverted brings an old bundle back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Result(StrEnum):
    """What is known of a class. Of a skipped one nothing can be learnt: that says nothing of the product."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"


@dataclass(frozen=True)
class History:
    """The candidates: the bad commit and all its ancestors that are none of the good one's.

    Args:
        commits: the candidates, each after its parents; the bad commit is the last.
        parents: of each candidate; what is no candidate is an ancestor of the good commit.
    """

    commits: tuple[str, ...]
    parents: Mapping[str, Sequence[str]]
    #: The ancestors of each commit and the commit itself, as bits at their places in ``commits``.
    lines: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {commit: place for place, commit in enumerate(self.commits)}
        lines: list[int] = []
        for place, commit in enumerate(self.commits):
            line = 1 << place
            for parent in self.parents[commit]:
                if parent in places:
                    line |= lines[places[parent]]
            lines.append(line)
        object.__setattr__(self, "lines", tuple(lines))

    def of(self, mask: int) -> tuple[str, ...]:
        """The commits of a mask, oldest first."""
        return tuple(self.commits[place] for place in places_of(mask))


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for the result of ``commit`` next: of ``classes`` nothing is known, this is the first of about ``tests`` tests."""

    commit: str
    classes: int
    tests: int


@dataclass(frozen=True, slots=True)
class Found:
    """``commit`` is the first bad one."""

    commit: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """The first bad commit is one of these, oldest first: all but the last were skipped."""

    commits: tuple[str, ...]


Step = Ask | Found | Undecided


def next_step(history: History, classes: Sequence[str], results: Mapping[str, Result]) -> Step:
    """What to do next: the test after which, at worst, the fewest classes are left.

    Args:
        history: the candidates.
        classes: of each commit of ``history``, in its order.
        results: of the classes that something is known of; the bad commit's is bad.

    Raises:
        ValueError: the bad commit is not known to be bad.
    """
    search = _Search(history, classes, results)
    if results.get(classes[-1]) is not Result.BAD:
        raise ValueError("the last commit must be known to be bad")
    suspects = search.suspects()
    left = search.unknown(suspects)
    if not left:
        commits = history.of(suspects)
        return Found(commits[0]) if len(commits) == 1 else Undecided(commits)
    worst, _, place = min(search.worst_cases(suspects, left))
    return Ask(history.commits[place], len(left), 1 + worst.bit_length())


class _Search:
    """What is known, as masks of commits."""

    def __init__(self, history: History, classes: Sequence[str], results: Mapping[str, Result]) -> None:
        self._lines, self._classes, self._results = history.lines, classes, results
        self._members: dict[str, int] = {}
        for place, name in enumerate(classes):
            self._members[name] = self._members.get(name, 0) | 1 << place
        #: Those that no good commit clears.
        self._possible = self._without_lines((1 << len(classes)) - 1, self._of(Result.GOOD))
        self._bad = self._of(Result.BAD)

    def suspects(self) -> int:
        """The commits of which one is the first bad one: of the known bad ones the one with the fewest is last among them."""
        return self._narrowed(self._possible, self._bad)

    def unknown(self, mask: int) -> tuple[str, ...]:
        """Classes among these commits that nothing is known of, in the order of their first commits."""
        names = dict.fromkeys(self._classes[place] for place in places_of(mask))
        return tuple(name for name in names if name not in self._results)

    def worst_cases(self, suspects: int, left: Sequence[str]) -> Iterator[tuple[int, int, int]]:
        """For each class that is left: how many classes, then how many commits, remain at worst; and its commit to test.

        Members of the class that are no suspects count too: what is before them may be cleared with them, or one of them may
        be the first bad one where fewer come before it.
        """
        for name in left:
            mine = [self._members[name]]
            if_good = self._narrowed(self._without_lines(self._possible, mine), self._bad)
            if_bad = self._narrowed(self._possible, [*self._bad, *mine])
            remain = [(self._left(if_good, name), if_good.bit_count()), (self._left(if_bad, name), if_bad.bit_count())]
            classes, commits = max(remain)
            yield classes, commits, max(places_of(mine[0] & suspects))

    def _left(self, mask: int, tested: str) -> int:
        return sum(name != tested for name in self.unknown(mask))

    def _of(self, wanted: Result) -> list[int]:
        """The members of each class with this result."""
        known = (name for name, result in self._results.items() if result is wanted)
        return [self._members[name] for name in known if name in self._members]

    def _without_lines(self, mask: int, good: Iterable[int]) -> int:
        for members in good:
            for place in places_of(members):
                mask &= ~self._lines[place]
        return mask

    def _narrowed(self, mask: int, bad: Iterable[int]) -> int:
        """Of ``mask`` the line of that bad commit in it whose line is the shortest."""
        lines = [(self._lines[place] & mask) for members in bad for place in places_of(members & mask)]
        return min(lines, key=lambda line: (line.bit_count(), line), default=mask)


def places_of(mask: int) -> Iterator[int]:
    """The places of the bits that are set, from the lowest."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
