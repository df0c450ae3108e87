"""What is wrong with a state of the repository, or only worth knowing: checks are functions from what is examined to findings.

A check is added by one more entry of :data:`CHECKS`. What needs more than the source (the database, a broker, a store) takes
it from :class:`Examined`, where that has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from farm.planning.plan import Plan
from farm.source.graph import Wildcard
from farm.source.modules import MISSING, UNREADABLE
from farm.source.tree import Unread


class Level(StrEnum):
    """Of a finding."""

    PROBLEM = "problem"  # something is broken: to be mended
    NOTE = "note"  # nothing is broken


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has found.

    Args:
        level: whether it is to be mended.
        where: file and line, or what else has it.
        what: one clause.
        details: more of it, for a program.
    """

    level: Level
    where: str
    what: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Examined:
    """What checks look at.

    Args:
        plan: for all architectures of the state.
        unread: what it has besides files, by path.
    """

    plan: Plan
    unread: Mapping[str, Unread] = field(default_factory=dict)


Check = Callable[[Examined], Iterable[Finding]]


def examine(examined: Examined) -> dict[str, tuple[Finding, ...]]:
    """Findings of each check, by its name."""
    return {name: tuple(check(examined)) for name, check in CHECKS.items()}


def discovery(examined: Examined) -> Iterator[Finding]:
    """Public names that are no architectures, levels that cannot be read, exclusions of nothing."""
    for problem in examined.plan.problems:
        yield Finding(Level.PROBLEM, problem.where, f"{problem.name}: {problem.what}", {"name": problem.name})


def imports(examined: Examined) -> Iterator[Finding]:
    """Modules that cannot be parsed, or import what is not there: whoever imports them cannot be built."""
    broken: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in examined.plan.entries:
        for name, definition in entry.closure.definitions.items():
            module, _, last = name.rpartition(".")
            if last == UNREADABLE:
                broken[f"{definition.file}:{definition.line}", f"{module} cannot be parsed"].append(
                    entry.architecture.key
                )
            elif last == MISSING:
                for link in definition.links:
                    broken[definition.file, f"{module} cannot be imported: {link} finds nothing"].append(
                        entry.architecture.key
                    )
    for (where, what), keys in sorted(broken.items()):
        yield Finding(Level.PROBLEM, where, f"{what}; {_of(keys, examined)}", {"architectures": sorted(keys)})


def submodules(examined: Examined) -> Iterator[Finding]:
    """Folders whose files are another repository's: they are not read, count for nobody, and conversions do not have them."""
    for path in (path for path, kind in examined.unread.items() if kind is Unread.SUBMODULE):
        yield Finding(Level.NOTE, path, "is a submodule; what architectures need of it must be installed, or lie here")


def wildcards(examined: Examined) -> Iterator[Finding]:
    """Places in code that may reach more than they name, so that all of it counts: most architectures first."""
    touched: dict[Wildcard, set[str]] = defaultdict(set)
    reached: dict[Wildcard, set[str]] = defaultdict(set)
    for entry in examined.plan.entries:
        for wildcard in entry.closure.wildcards:
            touched[wildcard].add(entry.architecture.key)
        for (_, target), wildcard in entry.closure.through.items():
            reached[wildcard].add(target)
    for wildcard in sorted(touched, key=lambda w: (-len(touched[w]), w)):
        keys, alone = touched[wildcard], len(reached[wildcard])
        yield Finding(
            Level.NOTE,
            f"{wildcard.file}:{wildcard.line}",
            f"{wildcard.what} may reach anything in {wildcard.scope} "
            f"({alone} definition{'s' * (alone != 1)} by it alone); {_of(keys, examined)}",
            {
                "file": wildcard.file,
                "line": wildcard.line,
                "code": wildcard.what,
                "scope": wildcard.scope,
                "definitions": sorted(reached[wildcard]),
                "architectures": sorted(keys),
            },
        )


def _of(keys: Iterable[str], examined: Examined) -> str:
    return f"{len(set(keys))} of {len(examined.plan.entries)} architectures"


CHECKS: Mapping[str, Check] = {
    "discovery": discovery,
    "imports": imports,
    "submodules": submodules,
    "wildcards": wildcards,
}
