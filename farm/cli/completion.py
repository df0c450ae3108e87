"""Shell completion of values: names of architectures, device types, policies, kinds, verdicts and revisions.

What an argument or option takes is told by its metavar, so a new command has completion without a line of its own. Only what
is quick to read is offered: names off the files on disk and off git, nothing of the database. What cannot be read is left out.
"""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import click
from click.shell_completion import CompletionItem

#: What git may take.
_SECONDS = 5


def complete_values(command: click.Command) -> None:
    """Let the arguments and options of ``command``, and of those below it, offer what they take."""
    for parameter in command.params:
        words = WORDS.get(parameter.metavar or (parameter.name or "").upper())
        if words is not None:
            parameter.shell_complete = partial(_offered, words)  # type: ignore[method-assign]
    if isinstance(command, click.Group):
        for below in command.commands.values():
            complete_values(below)


def _offered(words: Callable[[str], Iterable[str]], _context: click.Context, incomplete: str) -> list[CompletionItem]:
    found = dict.fromkeys(word for word in words(incomplete) if word.startswith(incomplete))
    return [CompletionItem(word) for word in found]


def _architectures(_incomplete: str) -> list[str]:
    """Public names of the catalogue's levels, by the ``__all__`` of the files on disk."""
    from farm.source.catalogue import LEVELS

    levels = _map(_map(_inventory(), "catalogue"), "levels") or LEVELS
    folders = [_repository() / str(folder) for folder in levels.values()]
    return [name for folder in folders for name in _public(folder / "__init__.py")]


def _architectures_at(incomplete: str) -> list[str]:
    """``NAME``, and after an ``@`` the revisions."""
    name, at, _ = incomplete.partition("@")
    return [f"{name}@{revision}" for revision in _revisions("")] if at else _architectures("")


def _devices(_incomplete: str) -> list[str]:
    return [str(name) for name in _map(_inventory(), "devices")]


def _policies(_incomplete: str) -> list[str]:
    return [str(name) for name in _map(_inventory(), "policies")]


def _kinds(_incomplete: str) -> list[str]:
    from farm.source.catalogue import Kind

    return [kind.value for kind in Kind]


def _verdicts(_incomplete: str) -> list[str]:
    from farm.states.verdict import Verdict

    return [verdict.value for verdict in Verdict]


def _revisions(_incomplete: str) -> list[str]:
    """Branches and tags, the newest first."""
    form = ("--format=%(refname:short)", "--sort=-creatordate", "refs/heads", "refs/tags", "refs/remotes")
    try:
        done = subprocess.run(
            ["git", "for-each-ref", *form], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return ["HEAD", "HEAD~1", *done.stdout.split()]


def _documents(_incomplete: str) -> list[str]:
    from farm.documents import DOCUMENTS

    return list(DOCUMENTS)


def _services(_incomplete: str) -> list[str]:
    from farm.up.services import KINDS

    return list(KINDS)


#: What a metavar stands for.
WORDS: Mapping[str, Callable[[str], Iterable[str]]] = {
    "NAME": _architectures,
    "PATTERN": _architectures,
    "NAME[@REV]": _architectures_at,
    "TYPE": _devices,
    "[DEVICE]...": _devices,
    "POLICY": _policies,
    "[DOCUMENT]": _documents,
    "SERVICE": _services,
    "KIND": _kinds,
    "VERDICT": _verdicts,
    "REV": _revisions,
    "A": _revisions,
    "[B]": _revisions,
}


def _repository() -> Path:
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _inventory() -> Mapping[object, object]:
    """The inventory's file as it stands there; empty where it cannot be read."""
    import yaml

    path = Path(os.environ.get("FARM_INVENTORY") or _repository() / "inventory.yaml")
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def _map(parent: Mapping[object, object], key: str) -> Mapping[object, object]:
    found = parent.get(key)
    return found if isinstance(found, dict) else {}


def _public(path: Path) -> list[str]:
    """The names in a literal ``__all__``."""
    try:
        module = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return []
    names: list[str] = []
    for statement in module.body:
        if isinstance(statement, ast.Assign) and "__all__" in [getattr(t, "id", None) for t in statement.targets]:
            strings = [node.value for node in ast.walk(statement.value) if isinstance(node, ast.Constant)]
            names += [value for value in strings if isinstance(value, str)]
    return names
