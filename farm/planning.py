"""What a submission would do: the architectures of a state of the repository, which are selected, and why; runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from farm.git import Repository
from farm.inventory import Inventory, parse_exclusions
from farm.source.catalogue import Architecture, Discovery, Problem, discover
from farm.source.closure import Closure, compute_closures
from farm.source.priority import priorities
from farm.source.select import Selection, select
from farm.source.tree import SourceTree


@dataclass(frozen=True, slots=True)
class State:
    """A state of the repository that is submitted: a commit, or a commit with uncommitted changes (the key says so)."""

    key: str
    sha: str
    dirty: tuple[str, ...]
    subject: str
    date: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One architecture of the plan; a smaller ``priority`` goes first."""

    architecture: Architecture
    closure: Closure
    selection: Selection
    priority: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Every architecture of the state, selected or not, and what discovery could not make sense of."""

    state: State
    base: str | None
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]

    @property
    def selected(self) -> tuple[Entry, ...]:
        """The entries that are to be tested, most urgent first."""
        return tuple(sorted((e for e in self.entries if e.selection.selected), key=lambda e: e.priority))
