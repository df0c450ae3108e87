"""Initialisation of parameters, in place, from the chosen backend."""

from typing import Any

from mcore.backend import bind
from mcore.contract import INIT

globals().update(bind("init", INIT))
__all__ = list(INIT)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"mcore.init has no {name!r}: the names that both backends have are in mcore/contract")
