"""Why one architecture of a plan is, or is not, selected: which state it is compared with, and all that changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from farm.errors import NotFoundError, UsageError
from farm.git import Repository
from farm.planning.plan import Plan, SourceReader
from farm.source.catalogue import Architecture, Problem, why_not
from farm.source.closure import Closure
from farm.source.errors import UnknownRevisionError
from farm.source.modules import index
from farm.source.select import Selection
from farm.source.tree import SourceTree, why_unread
from farm.source.why import Changed, Link, all_changes, chains_to


@dataclass(frozen=True, slots=True)
class Why:
    """The answer.

    Args:
        selection: the decision, as a plan has it.
        closure: now; ``None`` where the architecture is gone.
        changes: all of them; empty where nothing changed, or nothing can be compared.
    """

    selection: Selection
    closure: Closure | None
    changes: tuple[Changed, ...]


def explain(reader: SourceReader, plan: Plan, asked: str) -> Why:
    """Why the architecture ``asked`` (a name, or ``kind:name``) is or is not selected by ``plan``.

    Raises:
        NotFoundError: there is none, and was none; suggests near names.
        UsageError: there are several.
    """
    closures = {e.architecture: e.closure for e in plan.entries}
    selections = {s.architecture: s for s in (*(e.selection for e in plan.entries), *plan.removed)}
    architecture = _named(asked, selections, plan.problems)
    closure = closures.get(architecture)
    before = reader.closures_at(plan.base).get(architecture) if plan.base is not None else None
    differs = closure is not None and before is not None and closure.hash != before.hash
    changes = all_changes(architecture, before, closure) if differs and before and closure else ()
    return Why(selections[architecture], closure, changes)


def reached_by(why: Why, asked: str, tree: SourceTree, everything: Mapping[Architecture, Closure]) -> tuple[Link, ...]:
    """The shortest chain from an architecture to a definition or file; empty where it does not reach it.

    Raises:
        NotFoundError: the tree has no such file, and no such definition that can be found.
    """
    if why.closure is None:
        raise UsageError(f"{why.selection.architecture.key} is not there any more, so it reaches nothing")
    chains = chains_to(why.selection.architecture, why.closure, asked)
    if chains:
        return chains[0]
    if not _exists(asked, tree) and not any(chains_to(a, c, asked) for a, c in everything.items()):
        known = {n for c in everything.values() for n in c.definitions}
        known |= {n.rpartition(".")[2] for n in known} | set(tree.paths())
        raise NotFoundError("definition or file", asked, sorted(known), why=why_unread(tree.unread, asked))
    return ()


def base_of(repository: Repository, commit: str | None, submitted: str | None) -> str | None:
    """What to compare with where nobody says: the last commit that was submitted, else the parent.

    Args:
        repository: of both.
        commit: the one that is asked about, ``None`` for the files on disk. One that is named is compared with its parent.
        submitted: full id of the last commit that was submitted, ``None`` where there is none.

    Returns ``None`` for the first commit of a repository, which there is nothing before.

    Raises:
        UsageError: a shallow clone ends there, so that nobody knows what came before.
    """
    at = "HEAD" if commit is None else commit
    for revision in (submitted if commit is None else None, f"{at}~1"):
        if revision is not None:
            try:
                return repository.resolve(revision)
            except UnknownRevisionError:
                continue  # it was rewritten and collected, or it is the first one
    sha = repository.resolve(at)
    if repository.is_cut_off(sha):
        how = "run git fetch --unshallow, or say --changed-since REV"
        raise UsageError(f"{at} ({sha[:10]}) is where a shallow clone ends: {how}")
    return None


def _named(asked: str, selections: Mapping[Architecture, Selection], problems: Iterable[Problem]) -> Architecture:
    found = [a for a in selections if asked in (a.name, a.key)]
    if not found:
        known = [a.key if ":" in asked else a.name for a in selections]
        raise NotFoundError("architecture", asked, known, why=why_not(problems, asked.rpartition(":")[2]))
    if len(found) > 1:
        raise UsageError(f"{asked!r} is the name of several: say {' or '.join(a.key for a in found)}")
    return found[0]


def _exists(asked: str, tree: SourceTree) -> bool:
    """Whether the tree has a file of that path, or a module in which something is defined by the rest of a full name."""
    paths = tree.paths()
    if asked in paths:
        return True
    parts = asked.split(".")
    for length in range(len(parts) - 1, 0, -1):
        stem = "/".join(parts[:length])
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if path in paths:
                module = index(".".join(parts[:length]), path, path.endswith("/__init__.py"), "", tree.read(path))
                return parts[length] in module.bindings
    return False
