"""Module and its containers on the Platform backend, and what conversion can do without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from mcore.platform.eager.base_module import Module
from mcore.platform.eager.containers import ModuleDict, ModuleList, Sequential
from mcore.platform.eager.skeleton import in_skeleton, skeleton
from mcore.platform.errors import BackendError

__all__ = [
    "Module",
    "ModuleDict",
    "ModuleList",
    "Sequential",
    "adopt",
    "fromplatform",
    "in_skeleton",
    "skeleton",
    "toplatform",
]


def toplatform(model: Module, folder: str | Path, **options: Any) -> NoReturn:
    """Not on this backend.

    Raises:
        BackendError: always.
    """
    model.toplatform(folder, **options)


def fromplatform(folder: str | Path) -> Module:
    """The network of a bundle, rebuilt from the constructor in its manifest; see ``Module.fromplatform``."""
    return Module.fromplatform(folder)


def adopt() -> NoReturn:
    """Not on this backend.

    Raises:
        BackendError: always.
    """
    raise BackendError("adopting torch modules of third parties needs torch: run with MCORE_BACKEND=torch")
