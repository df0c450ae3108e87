"""What a bisection found, for people and scripts: the commit, the definition that changed with it, the layer that diverges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from farm.bisect.bisection import Bisection, Ended
from farm.bisect.known import ABSENT, Fact
from farm.bisect.search import Found, Result
from farm.git import Commit
from farm.planning.plan import SourceReader
from farm.source.catalogue import Architecture
from farm.source.closure import Closure
from farm.source.why import Changed, all_changes
from farm.states.cell import Layer
from farm.states.verdict import Verdict
from farm.table.table import build_table


@dataclass(frozen=True, slots=True)
class Culprit:
    """The first bad commit.

    Args:
        commit: itself.
        fact: how it is bad.
        parent: the one that it is held against, which is good or taken to be good.
        changes: what differs in the architecture's closure, the nearest edit first.
        layer: the first divergent layer, where the failure has one.
    """

    commit: Commit
    fact: Fact
    parent: str
    changes: tuple[Changed, ...]
    layer: Layer | None


@dataclass(frozen=True, slots=True)
class Count:
    """How much there was: candidates, versions of the code, bundles; what this call had converted, and its runs."""

    commits: int
    closures: int
    bundles: int
    conversions: int
    runs: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one bisection.

    Args:
        architecture: that was asked about, on ``device``.
        good: the good commits (see :class:`farm.bisect.reading.Range`).
        bad: the bad one.
        culprit: where it is known.
        remaining: the commits of which one is the first bad one, where it could not be narrowed down, oldest first.
        facts: what is known, by candidate or good commit, oldest first.
        notes: what to bear in mind.
        count: how much there was.
    """

    architecture: Architecture
    device: str
    good: tuple[str, ...]
    bad: str
    culprit: Culprit | None
    remaining: tuple[Commit, ...]
    facts: Mapping[str, Fact]
    notes: tuple[str, ...]
    count: Count


def answer_of(bisection: Bisection, ended: Ended) -> Answer:
    """The answer that a bisection ended with."""
    range_, known = bisection.asker.range, ended.known
    culprit = _culprit(bisection, ended, ended.step.commit) if isinstance(ended.step, Found) else None
    remaining = () if isinstance(ended.step, Found) else ended.step.commits
    facts = {commit: fact for commit in known.classes if (fact := known.fact(commit)) is not None}
    everything = {known.classes[commit] for commit in known.classes} - {ABSENT}
    closures = {closure for closure in range_.closures.values() if closure is not None}
    return Answer(
        architecture=range_.architecture,
        device=bisection.asker.device,
        good=range_.good,
        bad=range_.bad,
        culprit=culprit,
        remaining=tuple(range_.commits[commit] for commit in remaining),
        facts=facts,
        notes=tuple(_notes(facts, range_.bad, culprit)),
        count=Count(len(range_.commits), len(closures), len(everything), ended.conversions, ended.runs),
    )


def _culprit(bisection: Bisection, ended: Ended, sha: str) -> Culprit:
    asker, known = bisection.asker, ended.known
    commit, fact = asker.range.commits[sha], known.fact(sha)
    assert fact is not None
    assert commit.parents, "a candidate without a parent shares no history with the good commit"
    # Of a merge, a parent that has another bundle; the first one of several.
    known_parents = [p for p in commit.parents if known.classes.get(p, ABSENT) != known.classes[sha]]
    parent = (known_parents or commit.parents)[0]
    changes = _changes(asker.reader, asker.range.architecture, parent, sha)
    with asker.database.read() as session:
        rows = build_table(session, sha, asker.inventory, asker.range.architecture.name).rows
    cells = [row.cells[asker.device] for row in rows if row.kind == asker.range.architecture.kind]
    return Culprit(commit, fact, parent, changes, cells[0].first_divergent_layer if cells else None)


def _changes(reader: SourceReader, architecture: Architecture, before: str, after: str) -> tuple[Changed, ...]:
    old, now = (_closure(reader, architecture, sha) for sha in (before, after))
    return all_changes(architecture, old, now) if old is not None and now is not None else ()


def _closure(reader: SourceReader, architecture: Architecture, sha: str) -> Closure | None:
    return reader.closures_at(sha).get(architecture)


def _notes(facts: Mapping[str, Fact], bad: str, culprit: Culprit | None) -> Sequence[str]:
    notes = []
    end = facts[bad]
    if end.verdict == Verdict.FLAKY:
        notes.append("the bad end is FLAKY: what passed here may fail another time, so this may be too late a commit")
    if culprit is None:
        return notes
    if culprit.fact.outcome != end.outcome:
        notes.append(
            f"the bad end fails otherwise ({end.outcome}): another commit after this one is to blame for that, "
            "--good with one at which this is mended finds it"
        )
    before = facts.get(culprit.parent)
    if before is None or before.result is not Result.GOOD:
        notes.append(f"{culprit.parent[:10]}, the commit before, was not tested: it is taken to be good as an ancestor")
    return notes
