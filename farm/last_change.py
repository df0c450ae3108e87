"""The commit at which an architecture's closure last changed, found by walking back over commits that touch its files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from farm.git import Commit, Repository

#: Commits that are looked into one by one; older changes are told by the files of the closure alone.
DEPTH = 25

Key = tuple[str, str]
"""Kind and name of an architecture."""


@dataclass(frozen=True, slots=True)
class Change:
    """A commit as the last change of something; ``commit`` is its key, which differs from ``sha`` for a dirty state."""

    commit: str
    sha: str
    subject: str
    date: datetime


def last_changes(
    repository: Repository,
    sha: str,
    closures: Mapping[Key, str],
    files: Mapping[Key, Collection[str]],
    closures_at: Callable[[str], Mapping[Key, str]],
    packages: tuple[str, ...],
    known: Mapping[Key, Change],
) -> dict[Key, Change]:
    """The last change of every architecture at commit ``sha``.

    Args:
        repository: where to look.
        sha: the commit.
        closures: closure hash of every architecture there.
        files: files of every architecture's closure there; used beyond :data:`DEPTH` commits.
        closures_at: the same at another commit.
        packages: folders of code that counts; commits that touch none of them are passed over.
        known: changes that earlier submissions found, for architectures whose closure is the same as then.
    """
    found = dict(known)
    missing = {key for key in closures if key not in found}
    commits = repository.log(sha, packages, limit=DEPTH + 1)
    for newer, older in pairwise(commits):
        if not missing:
            break
        before = closures_at(older.sha)
        changed = {key for key in missing if before.get(key) != closures[key]}
        found |= {key: _change(newer) for key in changed}
        missing -= changed
    for key in missing:
        # Older than the walk, or the very first commit.
        start = commits[-1].sha if commits else sha
        found[key] = _change((repository.log(start, sorted(files[key]), limit=1) or (repository.commit_info(start),))[0])
    return found


def _change(commit: Commit) -> Change:
    return Change(commit.sha, commit.sha, commit.subject, commit.author_date)
