"""The whole answer to why an architecture is selected, and to what an edit somewhere would select; pure.

Where :mod:`farm.source.select` names the nearest change, this lists all of them, each with the chain that leads to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from farm.source.catalogue import Architecture
from farm.source.closure import Closure
from farm.source.converter import CONVERTER
from farm.source.select import Change, Comparison, Sort, changed_members, edited_parts, short_name, way_to, ways
from farm.source.table import DefinitionHash

_WHAT = {
    Sort.EDITED: "changed",
    Sort.RELINKED: "its names mean something else",
    Sort.REACHED: "now reached",
    Sort.LOST: "no longer reached",
    Sort.CONVERTER: "the converter changed",
}


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a chain.

    Args:
        definition: full name; of a data file its path.
        label: short name, for people.
        file: that has it.
        line: in the file.
        wildcard: by which alone the step before reaches it; empty where it does so by name.
    """

    definition: str
    label: str
    file: str
    line: int
    wildcard: str = ""

    def __str__(self) -> str:
        return self.label if self.definition == self.file else f"{self.label} ({self.file}:{self.line})"


@dataclass(frozen=True, slots=True)
class Changed:
    """One definition that is not what it was, or is newly reached, or no longer.

    Args:
        what: of these, in words.
        parts: methods and attributes of a class, where only these changed; definitions of the converter.
        details: what names in it mean now and did not.
        chain: from the architecture to it; for one that is no longer reached, as it was before.
    """

    what: str
    parts: tuple[str, ...]
    details: tuple[str, ...]
    chain: tuple[Link, ...]

    @property
    def definition(self) -> str:
        """Full name."""
        return self.chain[-1].definition


def all_changes(architecture: Architecture, old: Closure, now: Closure) -> tuple[Changed, ...]:
    """All that changed for an architecture, the nearest edit first."""
    difference = Comparison().difference(old, now)

    def changed(change: Change) -> Changed:
        chain = _chain(architecture, *difference.way(change))
        parts: list[str] = []
        details: list[str] = []
        if change.sort is Sort.CONVERTER:
            parts = changed_members(old, now)
        elif change.sort is Sort.RELINKED:
            details = difference.new_links(change)
        elif change.sort is Sort.EDITED:
            definition = now.definitions[change.name]
            if parts := edited_parts(old.definitions[change.name], definition):
                chain = _to_parts(chain, parts, definition)
        return Changed(_WHAT[change.sort], tuple(parts), tuple(details), chain)

    return tuple(changed(change) for change in difference.changes)


def chains_to(architecture: Architecture, closure: Closure, asked: str) -> tuple[tuple[Link, ...], ...]:
    """A chain to each definition of a closure that ``asked`` means, the shortest first; none where it is not reached.

    ``asked`` is a full or short name, one of a part of a class (``Bottleneck.forward``), or the path of a file. The converter,
    which every architecture reaches, is reached by the names and files of all that is in it.
    """
    meant = dict(_meant(closure, asked))
    steps = ways(closure, meant)
    found = []
    for name in sorted(meant, key=lambda n: (steps[n].distance, n)):
        chain, part = _chain(architecture, closure, way_to(steps, name)), meant[name]
        if part and name == CONVERTER:
            label, _, file = part.removesuffix(")").partition(" (")
            chain = (*chain, Link(part, label, file or label, closure.definitions[name].lines[part]))
        elif part:
            chain = _to_parts(chain, [part], closure.definitions[name])
        found.append(chain)
    return tuple(found)


def _meant(closure: Closure, asked: str) -> Iterator[tuple[str, str]]:
    """Definitions that a text means, with the part of a class where it names one."""
    owner, _, part = asked.rpartition(".")
    for name, definition in closure.definitions.items():
        if name == CONVERTER:
            yield from ((name, member) for member in definition.members if asked in _names_of(member))
        elif asked in (name, definition.file) or name.endswith(f".{asked}"):
            yield name, ""
        elif part in definition.lines and (name == owner or name.endswith(f".{owner}")):
            yield name, part


def _names_of(member: str) -> tuple[str, ...]:
    """What a definition of the converter, ``name (file)``, or a file of it may be called."""
    name, _, file = member.removesuffix(")").partition(" (")
    return name, file, f"{file.removesuffix('.py').replace('/', '.').removesuffix('.__init__')}.{name}"


def _chain(architecture: Architecture, closure: Closure, names: Sequence[str]) -> tuple[Link, ...]:
    wildcards = ["", *(str(w) if (w := closure.through.get(pair)) else "" for pair in pairwise(names))]
    links: list[Link] = []
    for name, wildcard in zip(names, wildcards, strict=True):
        if (definition := closure.definitions.get(name)) is None:  # defined outside the tree, and exported by it
            links.append(Link(name, architecture.name, architecture.file, architecture.line))
            continue
        label = architecture.name if not links else _label(name, closure)
        links.append(Link(name, label, definition.file, definition.line, wildcard))
    return tuple(links)


def _to_parts(chain: tuple[Link, ...], parts: Sequence[str], definition: DefinitionHash) -> tuple[Link, ...]:
    """A chain to parts of the class that it ends with, at the first of them that is still there."""
    *before, last = chain
    label = ", ".join(f"{last.label}.{part}" for part in parts)
    line = next((definition.lines[part] for part in parts if part in definition.lines), last.line)
    return (*before, replace(last, label=label, line=line))


def _label(name: str, closure: Closure) -> str:
    return "the converter" if name == CONVERTER else short_name(name, closure)
