"""An audit: converts what there is at a commit, compares, looks twice at what was missed, and names the edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from farm.audit.culprit import Search
from farm.audit.judgement import Judged
from farm.audit.records import Known, Miss
from farm.audit.states import State, state_of
from farm.audit.workshop import Made, Say, Workshop
from farm.planning.plan import SourceReader
from farm.source.errors import SourceError
from mcore.platform.format import read_bundle
from mcore.platform.format.difference import first_difference

#: Of the children that convert a second time: other orders of sets than the first have.
SECOND_SEED = 1_000_003


@dataclass(frozen=True, slots=True)
class Found:
    """What an audit found.

    Args:
        rows: one for each architecture that was looked at.
        misses: in the order of the rows.
        differing: architectures whose conversion differs from one time to the next, with the first difference.
    """

    rows: tuple[Judged, ...]
    misses: tuple[Miss, ...]
    differing: Mapping[str, str] = field(default_factory=dict)


class Auditor:
    """Audits the selection between two states.

    Args:
        workshop: to convert in.
        reader: of the repository.
        packages: folders of code.
        base: the state before.
        commit: the state to audit.
        selected: whether the selection wants an architecture of ``commit``, by key; those that are not tested are not in it.
    """

    def __init__(
        self,
        workshop: Workshop,
        reader: SourceReader,
        packages: Sequence[str],
        base: State,
        commit: State,
        selected: Mapping[str, bool],
    ) -> None:
        self._workshop, self._reader, self._packages = workshop, reader, packages
        self._base, self._commit, self._selected = base, commit, selected
        self._differing: dict[str, str] = {}

    def comparable(self) -> list[str]:
        """Keys of the architectures that are tested now and were there before; what is new was selected for that."""
        return sorted(self._selected.keys() & self._base.architectures.keys())

    def audit(self, keys: Sequence[str], known: Mapping[str, Known], say: Say) -> Found:
        """Look at ``keys``; ``known`` says what some of them came to at other commits with the closure that they had before."""
        unknown = [key for key in keys if key not in known]
        say(
            f"farm: auditing {len(keys)} of {len(self._selected)} architectures: {len(keys)} to convert at "
            f"{self._commit.tree.key[:10]}, {len(unknown)} at {self._base.tree.key[:10]}"
        )
        after = self._workshop.convert(self._commit.tree, [self._commit.architectures[key] for key in keys])
        before = self._workshop.convert(self._base.tree, [self._base.architectures[key] for key in unknown])
        rows: list[Judged] = []
        misses: list[Miss] = []
        for key in keys:
            old = known[key].ending if key in known else before[key].ending
            row = Judged(key, self._selected[key], old, after[key].ending, _unclear(before.get(key), after[key]))
            if row.missed:
                row, miss = self._look_twice(row, known.get(key))
                misses += [miss] if miss else []
            rows.append(row)
        return Found(tuple(rows), tuple(misses), self._differing)

    def _look_twice(self, row: Judged, known: Known | None) -> tuple[Judged, Miss | None]:
        """Whether the code makes the difference: the same code must come to the same, twice on each side."""
        new = self._again(self._commit, row.key, SECOND_SEED)
        if new.ending != row.after:
            return self._differs(row, self._again(self._commit, row.key), new), None
        old = self._again(self._base, row.key)
        if old.ending == row.after:
            # It did not change here. If what is known is of an earlier commit, the miss may lie between the two.
            earlier = self._earlier(known)
            row = replace(row, before=old.ending)
            if earlier is None:
                return replace(row, note="what was recorded before is not what the same code makes here"), None
            first = self._again(earlier, row.key)
            if first.ending == row.after:
                return replace(row, note="what was recorded before is not what the same code makes here"), None
            return row, self._miss(row.key, earlier, self._base, first, old)
        second = self._again(self._base, row.key, SECOND_SEED)
        if second.ending != old.ending:
            return self._differs(row, old, second), None
        if old.manifest and new.manifest and old.manifest.toolchain != new.manifest.toolchain:
            return replace(row, note="the toolchain of the commit is another one"), None
        return replace(row, before=old.ending), self._miss(row.key, self._base, self._commit, old, new)

    def _earlier(self, known: Known | None) -> State | None:
        if known is None or known.commit == self._base.tree.key:
            return None
        try:
            return state_of(self._reader, self._reader.repository.tree(known.commit))
        except SourceError:  # a commit that is gone
            return None

    def _again(self, state: State, key: str, hash_seed: int = 0) -> Made:
        architectures = [state.architectures[key]]
        return self._workshop.convert(state.tree, architectures, hash_seed=hash_seed, keep=True)[key]

    def _differs(self, row: Judged, one: Made, other: Made) -> Judged:
        self._differing[row.key] = difference(one, other)
        return replace(row, note=f"conversions of the same code differ: {self._differing[row.key]}")

    def _miss(self, key: str, old: State, new: State, before: Made, after: Made) -> Miss:
        closure = new.closures[key]
        search = Search(
            self._workshop,
            new.architectures[key],
            closure,
            before.ending,
            after.ending,
            lambda tree: state_of(self._reader, tree).hash(key),
        )
        edge = search.edge(old.tree, new.tree, self._packages)
        return Miss(
            key=key,
            base=old.tree.key,
            commit=new.tree.key,
            closure=closure.hash,
            before=before.ending,
            after=after.ending,
            difference=difference(before, after),
            edge=str(edge) if edge else "no file differs",
            files=edge.files if edge else (),
        )


def difference(one: Made, other: Made) -> str:
    """Where what two conversions came to first differs."""
    if one.folder is not None and other.folder is not None:
        return first_difference(read_bundle(one.folder), read_bundle(other.folder)) or "not the same every time"
    texts = (made.message or "a bundle" for made in (one, other))
    return " and ".join(texts)


def _unclear(before: Made | None, after: Made) -> str:
    """Why an architecture cannot be judged; empty where it can."""
    for made, when in ((before, "before"), (after, "now")):
        if made is not None and not made.ending:
            return f"{when}: {made.message}"
    return ""
