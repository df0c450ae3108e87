"""What a model and its repository say of themselves, filled into the metadata of its checkpoint."""

from __future__ import annotations

import inspect
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from mcore.checkpoints.record import Code, Metadata
from mcore.platform.eager.constructor import record, recorded

_TIMEOUT_S = 20


def described(model: Any, metadata: Metadata) -> Metadata:
    """``metadata`` with what it does not say and the model does: its constructor, its parts, its channels, its code."""
    made = recorded(model)
    found: dict[str, Any] = {
        "constructor": made,
        "variant": variant_of(model) if made else None,
        "parts_of": _texts(getattr(model, "parts", None)),
        "in_channels": _integer(getattr(model, "in_channels", None)),
        "code": repository_version(type(model)),
    }
    empty = Metadata()
    changes = {
        name: value
        for name, value in found.items()
        if value is not None and getattr(metadata, name) == getattr(empty, name)
    }
    return msgspec.structs.replace(metadata, **changes)


def variant_of(model: Any) -> dict[str, Any] | None:
    """The parameters that ``model`` was built with and that are not its class's defaults; ``None`` if that was not recorded."""
    made = recorded(model)
    if made is None:
        return None
    cls = type(model)
    signature = inspect.signature(cls).parameters.values()
    needed = [p.name for p in signature if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    default = record(cls, (), dict.fromkeys(needed))["parameters"]
    parameters = made["parameters"]
    return {k: v for k, v in parameters.items() if k in needed or k not in default or default[k] != v}


def repository_version(cls: type[Any]) -> Code | None:
    """The git commit that the file of ``cls`` is of, and whether the repository has changes; ``None`` outside of one.

    It is looked up once for each folder: what a process runs is what it imported, whatever is committed later.
    """
    try:
        file = inspect.getsourcefile(cls)
    except (TypeError, OSError):
        return None
    return None if file is None else _version(Path(file).resolve().parent)


@lru_cache(maxsize=64)
def _version(folder: Path) -> Code | None:
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return None if commit is None or changes is None else Code(commit=commit, dirty=bool(changes))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            # Reading a repository must not run its programs.
            ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _texts(value: Any) -> dict[str, str]:
    """A mapping of texts; nothing where a class of a third party has something else by that name."""
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in (*value, *value.values())):
        return {}
    return dict(value)


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
