"""Which architectures a change selects, each with a reason; pure: closures before and after, in; selections, out."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

from farm.source.catalogue import Architecture
from farm.source.closure import Closure
from farm.source.converter import CONVERTER
from farm.source.modules import EFFECTS, MISSING, NAMES, UNREADABLE
from farm.source.table import DefinitionHash


class ChainLink(NamedTuple):
    """One definition on the way from an architecture to what changed; documents and database use the names of its fields."""

    definition: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Selection:
    """What becomes of one architecture, and why.

    Args:
        architecture: the one after the change; the one before where it is gone.
        selected: it is to be converted and tested.
        reason: one line.
        chain: from its definition to what changed, first to last; empty where nothing did.
    """

    architecture: Architecture
    selected: bool
    reason: str
    chain: tuple[ChainLink, ...] = ()


class Sort(IntEnum):
    """Of a change; a lower one explains a higher one."""

    EDITED = 0
    RELINKED = 1
    REACHED = 2
    LOST = 3
    CONVERTER = 4


class Change(NamedTuple):
    """One definition that is not what it was; sorted, what explains the others comes first."""

    sort: Sort
    distance: int
    name: str


class Step(NamedTuple):
    """How a definition is reached: its distance from the architecture's own, and the one before it; empty for the first."""

    distance: int
    before: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two closures of one architecture.

    Args:
        old: the closure before.
        now: the closure after.
        changes: sorted.
        steps: ways to what is reached now.
        steps_before: ways to what is no longer reached, as they were.
    """

    old: Closure
    now: Closure
    changes: tuple[Change, ...]
    steps: Mapping[str, Step]
    steps_before: Mapping[str, Step]

    def way(self, change: Change) -> tuple[Closure, list[str]]:
        """The names from the architecture to what changed, and the closure that has them."""
        if change.name in self.now.definitions:
            return self.now, way_to(self.steps, change.name)
        return self.old, way_to(self.steps_before, change.name)

    def new_links(self, change: Change) -> list[str]:
        """What names in a definition that both closures have mean now and did not."""
        was, links = self.old.definitions[change.name].links, self.now.definitions[change.name].links
        return [link for link in links if link not in was]


class Comparison:
    """What differs between two states of a repository; a definition that many architectures reach is compared once."""

    def __init__(self) -> None:
        self._known: dict[str, Sort | None] = {}

    def difference(self, old: Closure, now: Closure) -> Difference:
        """The changes from one closure to the other, and the ways that lead to them."""
        was, are = old.definitions.keys(), now.definitions.keys()
        sorts = {n: sort for n in was & are if (sort := self._sort(n, old, now)) is not None}
        sorts |= {n: Sort.CONVERTER if n == CONVERTER else Sort.REACHED for n in are - was}
        lost = {n: Sort.CONVERTER if n == CONVERTER else Sort.LOST for n in was - are}
        steps, before = ways(now, sorts), ways(old, lost)
        changes = [Change(sort, steps[n].distance, n) for n, sort in sorts.items()]
        changes += [Change(sort, before[n].distance, n) for n, sort in lost.items()]
        return Difference(old, now, tuple(sorted(changes)), steps, before)

    def _sort(self, name: str, old: Closure, now: Closure) -> Sort | None:
        if name not in self._known:
            was, definition = old.definitions[name], now.definitions[name]
            if was.own != definition.own:
                self._known[name] = Sort.CONVERTER if name == CONVERTER else Sort.EDITED
            else:
                self._known[name] = Sort.RELINKED if was.links != definition.links else None
        return self._known[name]


def select(
    before: Mapping[Architecture, Closure] | None,
    after: Mapping[Architecture, Closure],
    *,
    since: str = "",
    excluded: Mapping[Architecture, str] | None = None,
    everything: str = "",
) -> tuple[Selection, ...]:
    """Decide on every architecture, in the order of ``after``; excluded and removed ones follow.

    Args:
        before: closures at the commit to compare with; ``None`` where there is none.
        after: closures now.
        since: names the commit to compare with, in reasons.
        excluded: reason of each architecture that is public but not tested.
        everything: why all are selected, whatever changed; empty where they are not.
    """
    excluded = excluded or {}
    comparison = Comparison()
    chosen = [
        _decide(before, a, closure, since, everything, comparison) for a, closure in after.items() if a not in excluded
    ]
    chosen += [Selection(a, False, f"excluded: {reason}") for a, reason in excluded.items()]
    gone = [a for a in before or () if a not in after and a not in excluded]
    return (*chosen, *(Selection(a, False, f"removed{_since(since)}") for a in sorted(gone)))


def _decide(
    before: Mapping[Architecture, Closure] | None,
    a: Architecture,
    now: Closure,
    since: str,
    everything: str,
    comparison: Comparison,
) -> Selection:
    own = ChainLink(now.root, a.file, a.line)
    old = before.get(a) if before is not None else None
    if old is not None and old.hash != now.hash:
        return _explain(a, old, now, own, comparison)
    if before is not None and old is None:
        return Selection(a, True, "new architecture", (own,))
    if everything:
        return Selection(a, True, f"everything is selected: {everything}")
    if before is None:
        return Selection(a, True, "new: there is no earlier commit to compare with", (own,))
    return Selection(a, False, f"unchanged{_since(since)}")


def _explain(a: Architecture, old: Closure, now: Closure, own: ChainLink, comparison: Comparison) -> Selection:
    if old.root != now.root:
        return Selection(a, True, f"moved: {old.root} is {now.root} now", (own,))
    difference = comparison.difference(old, now)
    if not difference.changes:
        return Selection(a, True, "changed: the hash was made by another version of the farm or of Python", (own,))
    first, *others = difference.changes
    closure, names = difference.way(first)
    chain = tuple(ChainLink(n, d.file, d.line) if (d := closure.definitions.get(n)) else own for n in names)
    more = [c for c in others if c.sort is first.sort]
    reason = _reason(first, difference) + (_via(a, closure, names) if first.sort is not Sort.CONVERTER else "")
    return Selection(a, True, reason + (f" (and {len(more)} more)" if more else ""), chain)


def _reason(change: Change, difference: Difference) -> str:
    name, old, now = change.name, difference.old, difference.now
    if change.sort is Sort.CONVERTER:
        return f"changed: {_of_converter(old, now)}"
    if change.sort is Sort.LOST:
        return f"changed: {_placed(name, old)} is no longer reached"
    if change.sort is Sort.REACHED:
        return f"changed: now reaches {_placed(name, now)}"
    if change.sort is Sort.RELINKED:
        new = difference.new_links(change)
        return f"changed: names in {_placed(name, now)} mean something else{f': {new[0]}' if new else ''}"
    return f"changed: {_placed(name, now, edited_parts(old.definitions[name], now.definitions[name]))}"


def _of_converter(old: Closure, now: Closure) -> str:
    """What changed in the code that converts, which counts for all."""
    if CONVERTER not in old.definitions or CONVERTER not in now.definitions:
        return f"the converter {'came to' if CONVERTER in now.definitions else 'left'} the tree"
    parts = changed_members(old, now)
    return f"{parts[0]} of the converter" + (f" (and {len(parts) - 1} more)" if len(parts) > 1 else "")


def changed_members(old: Closure, now: Closure) -> list[str]:
    """Definitions of the converter that are not what they were."""
    was, members = (c.definitions[CONVERTER].members if CONVERTER in c.definitions else {} for c in (old, now))
    return [m for m in {**members, **was} if was.get(m) != members.get(m)]


def edited_parts(was: DefinitionHash, definition: DefinitionHash) -> list[str]:
    """Methods and attributes of a class, where only these changed."""
    both = {**was.members, **definition.members}
    parts = [m for m in both if was.members.get(m) != definition.members.get(m)]
    return parts if "<body>" not in parts and len(parts) <= 3 else []


def _placed(name: str, closure: Closure, parts: Sequence[str] = ()) -> str:
    """``BasicBlock.forward (models/basicblocks/residual.py)``."""
    file, own = closure.definitions[name].file, short_name(name, closure)
    text = ", ".join(f"{own}.{part}" for part in parts) or own
    return text if name == file else f"{text} ({file})"


def _via(a: Architecture, closure: Closure, names: Sequence[str]) -> str:
    between = [short_name(n, closure) for n in reversed(names[1:-1])]
    text = f" via {' → '.join([*between, a.name])}" if len(names) > 1 else ""
    for pair in pairwise(names):
        if (wildcard := closure.through.get(pair)) is not None:
            return f"{text}, wildcard: {wildcard}"
    return text


def _since(since: str) -> str:
    return f" since {since}" if since else ""


def short_name(name: str, closure: Closure) -> str:
    """A definition's own name; the module's where it stands for the module; a file's path."""
    if name == closure.definitions[name].file:
        return name
    module, _, last = name.rpartition(".")
    if last == MISSING:
        return f"{module}, which cannot be imported ({'; '.join(closure.definitions[name].links[:2])})"
    return f"{module} (module level)" if last in (EFFECTS, NAMES, UNREADABLE) else last


def ways(closure: Closure, wanted: Collection[str]) -> dict[str, Step]:
    """Shortest ways from the root, until all that is wanted is found."""
    found, left = {closure.root: Step(0, "")}, set(wanted) - {closure.root}
    pending = deque([closure.root])
    while left and pending:
        name = pending.popleft()
        step = Step(found[name].distance + 1, name)
        for following in closure.edges.get(name, ()):
            if following not in found:
                found[following] = step
                pending.append(following)
                left.discard(following)
    return found


def way_to(steps: Mapping[str, Step], name: str) -> list[str]:
    names = [name]
    while (before := steps[names[-1]].before) != "":
        names.append(before)
    return names[::-1]
