"""The range that is searched, read from git: its commits, and the closure of the architecture at each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from farm.bisect.search import History
from farm.errors import NotFoundError, UsageError
from farm.git import Commit, Repository
from farm.planning.plan import SourceReader, code_hashes
from farm.source.catalogue import Architecture
from farm.source.closure import Closure
from farm.source.gittree import GitTree
from farm.words import number_of


@dataclass(frozen=True, slots=True)
class Range:
    """The candidates, and the good commits that they grew from.

    Args:
        architecture: as it is at the bad commit.
        good: the commits that must be good: the one that is named, and where the bad one did not grow from it, all newest
            commits that both grew from.
        commits: the candidates by id, each after its parents, the bad one last.
        closures: hash of the architecture's closure at each candidate and each good commit; ``None`` where there is none.
        code: of every architecture at each of them, by key (:func:`farm.planning.plan.code_hashes`).
    """

    architecture: Architecture
    good: tuple[str, ...]
    commits: Mapping[str, Commit]
    closures: Mapping[str, str | None]
    code: Mapping[str, Mapping[str, str]] = field(repr=False)

    @property
    def bad(self) -> str:
        """The bad commit."""
        return next(reversed(list(self.commits)))

    @property
    def history(self) -> History:
        """The candidates, as the search takes them."""
        return History(tuple(self.commits), {sha: commit.parents for sha, commit in self.commits.items()})

    def at(self, closure: str) -> str:
        """The oldest candidate or good commit of a closure."""
        return next(commit for commit in (*self.good, *self.commits) if self.closures[commit] == closure)


def read_range(
    reader: SourceReader, name: str, kind: str | None, good: str, bad: str, say: Callable[[str], None] = lambda _: None
) -> Range:
    """The range between two revisions, for the architecture of a name; ``say`` is told how much there is to read.

    Raises:
        SourceError: a revision does not exist, or the repository cannot be read.
        UsageError: nothing lies between them, or the name is that of several.
        NotFoundError: the bad or a good commit has no such architecture.
    """
    repository = reader.repository
    first, last = repository.resolve(good), repository.resolve(bad)
    bases = _bases(repository, first, last, good, bad)
    commits = {commit.sha: commit for commit in repository.between(first, last)}
    ends = tuple(dict.fromkeys((first, *bases)))
    say(f"farm: {number_of(len(commits), 'commit')} to look into")
    states = _States(reader)
    architecture = _architecture(states.closures(last), name, kind, bad)
    closures: dict[str, str | None] = {}
    code: dict[str, Mapping[str, str]] = {}
    for sha in (*ends, *commits):
        found = states.closures(sha)
        closures[sha] = found[architecture].hash if architecture in found else None
        code[sha] = code_hashes(found)
        if sha in ends and closures[sha] is None:
            raise NotFoundError(f"{architecture.kind} at {good} ({sha[:10]})", name, [a.name for a in found])
    return Range(architecture, ends, commits, closures, code)


def _bases(repository: Repository, first: str, last: str, good: str, bad: str) -> tuple[str, ...]:
    if first == last:
        raise UsageError(f"--good {good} and --bad {bad} are the same commit ({first[:10]})")
    bases = repository.merge_bases(first, last)
    if last in bases:
        raise UsageError(f"--bad {bad} is an ancestor of --good {good}: were the two mistaken for each other?")
    if not bases:
        raise UsageError(f"--good {good} and --bad {bad} have no commit in common: nothing lies between them")
    return bases


def _architecture(known: Mapping[Architecture, Closure], name: str, kind: str | None, bad: str) -> Architecture:
    named = [a for a in known if a.name == name]
    found = [a for a in named if kind in (None, a.kind)]
    if not named:
        raise NotFoundError(f"architecture at {bad}", name, [a.name for a in known])
    if not found:
        raise NotFoundError("architecture", f"{kind}:{name}", [a.key for a in named])
    if len(found) > 1:
        raise UsageError(f"{name!r} is the name of several: say --kind {' or '.join(a.kind for a in found)}")
    return found[0]


class _States:
    """Closures at one commit after the other; a commit that changed just files that no code reads is as the one before it."""

    def __init__(self, reader: SourceReader) -> None:
        self._reader = reader
        self._before: tuple[GitTree, Mapping[Architecture, Closure], frozenset[str]] | None = None

    def closures(self, sha: str) -> Mapping[Architecture, Closure]:
        """At a commit."""
        tree = self._reader.repository.tree(sha)
        if self._before is not None:
            before, closures, files = self._before
            if _same_code(before, tree, self._reader.packages, files):
                return closures
        closures = self._reader.read(tree).closures
        self._before = (tree, closures, _files(closures))
        return closures


def _files(closures: Mapping[Architecture, Closure]) -> frozenset[str]:
    """All files that closures have definitions of: those of the code, and the data that it reads."""
    tables = {id(closure.table): closure.table for closure in closures.values()}
    return frozenset(row.definition.file for table in tables.values() if table for row in table.rows)


def _same_code(before: GitTree, after: GitTree, packages: tuple[str, ...], files: frozenset[str]) -> bool:
    """Whether two trees have the same paths, and differ just in content that none of the closures of the first depends on."""
    if before.entries.keys() != after.entries.keys():
        return False  # code may look for a file, or list its folder
    changed = (path for path, blob in after.entries.items() if before.entries[path] != blob)
    return not any(path in files or path.split("/")[0] in packages for path in changed)
