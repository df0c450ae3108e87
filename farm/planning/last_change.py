"""The commit at which an architecture's code last changed, found by walking back over the commits that touch it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from farm.git import Commit
from farm.planning.plan import Plan, SourceReader, code_hashes
from farm.source.closure import Closure

#: Commits that are looked into one by one; an older change is told by the files of the closure alone.
DEPTH = 25


@dataclass(frozen=True, slots=True)
class Change:
    """A commit as the last change of something; ``commit`` is its key, which differs from ``sha`` for a dirty state."""

    commit: str
    sha: str
    subject: str
    date: datetime


def last_changes(
    reader: SourceReader, plan: Plan, packages: tuple[str, ...], known: Mapping[str, Change]
) -> dict[str, Change]:
    """The last change of every architecture of ``plan``, by key.

    Args:
        reader: of the repository.
        plan: what is submitted.
        packages: folders of code that counts; commits that touch neither these nor a file that the code reads are passed over.
        known: changes that earlier submissions found, of architectures whose closure is the same as then.
    """
    found = dict(known)
    state = plan.state
    now = {e.architecture.key: e.closure for e in plan.entries}
    missing = now.keys() - found.keys()
    if not missing:
        return found
    paths = (*packages, *_outside(packages, now.values()))
    commits = reader.repository.log(state.sha, paths, limit=DEPTH + 1)
    if state.dirty:
        committed = code_hashes(reader.closures_at(state.sha))
        changed = {key for key in missing if committed.get(key) != now[key].code}
        found |= dict.fromkeys(changed, Change(state.key, state.sha, state.subject, state.date))
        missing -= changed
    for newer, older in pairwise(commits):
        if not missing:
            break
        before = code_hashes(reader.closures_at(older.sha))
        changed = {key for key in missing if before.get(key) != now[key].code}
        found |= dict.fromkeys(changed, _change(newer))
        missing -= changed
    for key in missing:  # older than the walk, or as old as the first commit
        start = commits[-1].sha if commits else state.sha
        files = sorted({d.file for d in now[key].definitions.values()})
        touching = reader.repository.log(start, files, limit=1)
        found[key] = _change(touching[0] if touching else reader.repository.commit_info(start))
    return found


def _outside(packages: tuple[str, ...], closures: Iterable[Closure]) -> list[str]:
    """Files of closures that are in none of the packages: data that the code reads."""
    files = {definition.file for closure in closures for definition in closure.definitions.values()}
    return sorted(file for file in files if file.split("/")[0] not in packages)


def _change(commit: Commit) -> Change:
    return Change(commit.sha, commit.sha, commit.subject, commit.author_date)
