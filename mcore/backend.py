"""Which backend the base layers, tensor operations and containers come from: torch, or the Platform in pure NumPy.

``MCORE_BACKEND=torch|platform`` decides, once, when this module is first imported. Unset, it is torch where torch is
installed and the Platform elsewhere. There is no switching at run time: objects of both could not meet in one network.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from mcore.platform.eager.constructor import publish
from mcore.platform.errors import BackendError

VARIABLE = "MCORE_BACKEND"


class Backend(StrEnum):
    """Where layers come from; the value is what ``MCORE_BACKEND`` says."""

    TORCH = "torch"
    PLATFORM = "platform"


def chosen(value: str | None) -> Backend:
    """The backend that ``value`` of ``MCORE_BACKEND`` asks for.

    Raises:
        BackendError: ``value`` is not the name of a backend.
    """
    if not value:
        return Backend.TORCH if find_spec("torch") else Backend.PLATFORM
    try:
        return Backend(value)
    except ValueError:
        choices = " or ".join(b.value for b in Backend)
        raise BackendError(f"{VARIABLE}={value!r} names no backend: set it to {choices}, or leave it unset") from None


BACKEND = chosen(os.environ.get(VARIABLE))

#: Module that implements each part of the contract.
_HOMES = {
    Backend.TORCH: "mcore.torch_backend",
    Backend.PLATFORM: "mcore.platform.eager",
}


def bind(part: str, names: Sequence[str], backend: Backend = BACKEND) -> dict[str, Any]:
    """The objects of one part of the contract (``layers``, ``module``, ``functional``, ``tensor``, ``init``), by name.

    Raises:
        BackendError: the backend is not installed, or lacks names that the contract promises; all of them are listed.
    """
    try:
        space = import_module(f"{_HOMES[backend]}.{part}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        hint = f"install torch, or set {VARIABLE}={Backend.PLATFORM.value}"
        raise BackendError(f"the backend is torch, which is not installed: {hint}") from None
    if missing := [name for name in names if not hasattr(space, name)]:
        raise BackendError(f"{space.__name__} lacks what mcore.{part} promises: {', '.join(missing)}")
    objects = {name: getattr(space, name) for name in names}
    if backend is BACKEND:
        publish(f"mcore.{part}", objects)
    return objects
