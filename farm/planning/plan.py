"""What a submission would do: the architectures of a state of the repository, which are selected, and why; runs nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from farm.errors import NotFoundError, near
from farm.garbage import collect_frozen, without_collection
from farm.git import Repository
from farm.inventory import Inventory, parse_exclusions
from farm.planning.state_cache import StateCache
from farm.source.catalogue import Architecture, Catalogue, Kind, Problem, discover, why_not
from farm.source.closure import Closure, compute_closures
from farm.source.names import Cache
from farm.source.priority import priorities
from farm.source.select import ChainLink, Selection, select
from farm.source.stored import Reading, decode, encode, state_key
from farm.source.tree import SourceTree

#: States whose reading is remembered: more than a search for last changes looks into, few enough for the memory (7 MB each).
_READINGS = 32


@dataclass(frozen=True, slots=True)
class State:
    """A commit, or a commit with uncommitted changes: ``dirty`` names the files, and the key says so."""

    key: str
    sha: str
    dirty: tuple[str, ...]
    subject: str
    date: datetime
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One architecture of the plan. Among the selected, a smaller ``priority`` goes first."""

    architecture: Architecture
    closure: Closure
    selection: Selection
    priority: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Every architecture of the state, selected or not; those that are gone; and what discovery could make no sense of.

    ``fresh`` are the keys of those that are converted anew though the same code was converted before.
    """

    state: State
    base: str | None
    entries: tuple[Entry, ...]
    removed: tuple[Selection, ...]
    problems: tuple[Problem, ...]
    fresh: frozenset[str] = frozenset()

    @property
    def before(self) -> tuple[str, ...]:
        """Keys of the states just before this one: the commit under uncommitted changes, or the parents."""
        return (self.state.sha,) if self.state.dirty else self.state.parents

    @property
    def selected(self) -> tuple[Entry, ...]:
        """The entries that are to be tested, most urgent first."""
        return tuple(sorted((e for e in self.entries if e.selection.selected), key=lambda e: e.priority))


@dataclass(frozen=True, slots=True)
class Doubts:
    """Why what was converted before from the same code is converted anew.

    Args:
        everything: why every architecture is selected; empty where the selection is trusted.
        architectures: why one architecture is, by its key.
    """

    everything: str = ""
    architectures: Mapping[str, str] = field(default_factory=dict)


class SourceReader:
    """Discovery and closures of any state of one repository; what was read once is shared.

    Args:
        repository: to read.
        inventory: names the catalogue.
        states: what earlier processes have read; ``None`` for nothing.
    """

    def __init__(self, repository: Repository, inventory: Inventory, states: StateCache | None = None) -> None:
        self.repository, self._inventory, self._states = repository, inventory, states
        self._cache: Cache = {}
        self._readings: dict[str, Reading] = {}  # in the order in which they were asked for last
        self._made = 0

    def read(self, tree: SourceTree) -> Reading:
        """The architectures of ``tree``, by the exclusions that ``tree`` itself has, and the closures of all of them."""
        catalogue = self._catalogue(tree)
        key = state_key(tree, catalogue)
        reading = self._readings.pop(key, None) or self._stored(key) or self._read(tree, catalogue, key)
        self._readings[key] = reading
        for forgotten in list(self._readings)[:-_READINGS]:
            self._readings.pop(forgotten, None)  # another thread may have been quicker
        return reading

    @property
    def packages(self) -> tuple[str, ...]:
        """Folders of the code that counts."""
        return self._inventory.catalogue.packages

    def closures_at(self, revision: str) -> dict[Architecture, Closure]:
        """Closures at a commit."""
        return self.read(self.repository.tree(revision)).closures

    def _stored(self, key: str) -> Reading | None:
        content = self._states.read(key) if self._states else None
        return decode(content) if content is not None else None

    def _read(self, tree: SourceTree, catalogue: Catalogue, key: str) -> Reading:
        with without_collection(
            freeze=True
        ):  # syntax trees are millions of objects: to look takes longer than to parse
            discovery = discover(tree, catalogue, cache=self._cache)
            architectures = (*discovery.architectures, *discovery.excluded)
            reading = Reading(discovery, compute_closures(tree, architectures, catalogue, cache=self._cache))
        if self._states:
            self._states.write(key, encode(reading))
        self._made += 1
        if self._made % _READINGS == 0:
            collect_frozen()  # about 6 MB a state, in a second
        return reading

    def _catalogue(self, tree: SourceTree) -> Catalogue:
        name = self._inventory.catalogue.exclusions
        text = tree.read(name).decode("utf-8", "replace") if name in tree.paths() else ""
        return self._inventory.source_catalogue(parse_exclusions(text, name))


def make_plan(
    reader: SourceReader,
    inventory: Inventory,
    *,
    changed_since: str | None,
    names: Sequence[str] = (),
    commit: str | None = None,
    exclusions_only: bool = False,
    doubts: Doubts = Doubts(),  # frozen
) -> Plan:
    """The plan for what changed since a revision, or, where that is ``None``, for what has one of the names, or everything.

    Args:
        reader: of the repository.
        inventory: names the catalogue and the task list.
        changed_since: the revision to compare with.
        names: of the architectures to select, of any kind; none for all of them.
        commit: the commit to plan for; default: the files as they are on disk, if they differ from HEAD, else HEAD.
        exclusions_only: the excluded architectures are the ones to choose from, and only they.
        doubts: why what did not change is selected nonetheless.

    Raises:
        SourceError: a revision does not exist, or the repository cannot be read.
        NotFoundError: there is no architecture of a name.
    """
    repository = reader.repository
    state, tree = read_state(repository, commit)
    base = None if changed_since is None else repository.resolve(changed_since)
    discovery, closures = reader.read(tree)
    selections = select(
        None if base is None else reader.closures_at(base),
        closures,
        since=base[:10] if base else "",
        excluded={} if exclusions_only else discovery.excluded,
        everything=doubts.everything if base else "all were asked for",
    )
    tested = {a: closures[a] for a in discovery.architectures}
    selections = tuple(_doubted(s, doubts, tested) for s in selections)
    if names:
        selections = tuple(_by_name(s, names) for s in selections)
        if unknown := set(names) - {a.name for a in closures}:
            name = min(unknown)
            raise NotFoundError("architecture", name, [a.name for a in closures], why=why_not(discovery.problems, name))
    if exclusions_only:
        selections = tuple(_if_excluded(s, discovery.excluded) for s in selections)
    task_list = inventory.catalogue.task_list
    order = priorities(closures, task_list)
    # The inventory is the one on disk: of another commit it may name what is not there yet, or any more.
    listed = task_list if state.sha == repository.resolve("HEAD") else ()
    present = {s.architecture: s for s in selections if s.architecture in closures}
    return Plan(
        state=state,
        base=base,
        entries=tuple(Entry(a, closures[a], s, order[a]) for a, s in present.items()),
        removed=tuple(s for s in selections if s.architecture not in closures),
        problems=(*discovery.problems, *_unlisted(listed, closures)),
        fresh=frozenset(a.key for a in closures if doubts.everything or a.key in doubts.architectures),
    )


def _unlisted(task_list: Sequence[str], architectures: Collection[Architecture]) -> Iterator[Problem]:
    """Names of the task list that no network has."""
    networks = [a.name for a in architectures if a.kind is Kind.NETWORK]
    for name in task_list:
        if name not in networks:
            what = f"is the name of no network; correct or remove it{near(name, networks)}"
            yield Problem(name, "catalogue.task_list", what)


def _doubted(selection: Selection, doubts: Doubts, tested: Mapping[Architecture, Closure]) -> Selection:
    """The decision on an architecture that is in doubt itself."""
    a = selection.architecture
    if selection.selected or a not in tested or a.key not in doubts.architectures:
        return selection
    own = ChainLink(tested[a].root, a.file, a.line)
    return Selection(a, True, f"in doubt: {doubts.architectures[a.key]}", (own,))


def _by_name(selection: Selection, names: Sequence[str]) -> Selection:
    """The decision where just some names are asked for; what is excluded stays so."""
    if not selection.selected:
        return selection
    asked = selection.architecture.name in names
    return Selection(selection.architecture, asked, "asked for by name" if asked else "other names were asked for")


def _if_excluded(selection: Selection, excluded: Mapping[Architecture, str]) -> Selection:
    """The decision where only what is excluded is asked for."""
    if (why := excluded.get(selection.architecture)) is not None:
        return replace(selection, reason=f"{selection.reason} (excluded: {why})")
    if not selection.selected:
        return selection
    return Selection(selection.architecture, False, "only exclusions were asked for")


def code_hashes(closures: Mapping[Architecture, Closure]) -> dict[str, str]:
    """Hash of the code by architecture key: what conversion makes of it, whoever converts."""
    return {a.key: closure.code for a, closure in closures.items()}


def read_state(repository: Repository, commit: str | None) -> tuple[State, SourceTree]:
    """A commit, or the files as they are on disk, if they differ from HEAD, else HEAD."""
    tree: SourceTree
    if commit is None:
        working = repository.working_tree()
        sha, dirty = working.base.key, tuple(sorted(working.changed))  # less than git calls dirty: a mode is no content
        tree = working if dirty else working.base
    else:
        tree, dirty = repository.tree(commit), ()
        sha = tree.key
    info = repository.commit_info(sha)
    return State(tree.key, sha, dirty, info.subject, info.author_date, info.parents), tree
