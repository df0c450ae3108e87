"""The base layers, from the chosen backend: ``from mcore.layers import Conv2d``."""

from typing import Any

from mcore.backend import bind
from mcore.contract import LAYERS

globals().update(bind("layers", LAYERS))
__all__ = list(LAYERS)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"mcore.layers has no {name!r}: the names that both backends have are in mcore/contract")
