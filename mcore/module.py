"""Module and its containers, from the chosen backend."""

from typing import Any

import mcore.layers  # noqa: F401 (a constructor that was given a base layer records it by its name there)
from mcore.backend import bind
from mcore.contract import MODULE

globals().update(bind("module", MODULE))
__all__ = list(MODULE)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"mcore.module has no {name!r}: the names that both backends have are in mcore/contract")
