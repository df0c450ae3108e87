"""Tensor operations, ``torch.nn.functional`` among them, from the chosen backend, by the names of the Platform's ops."""

from typing import Any

from mcore.backend import bind
from mcore.contract import FUNCTIONAL

globals().update(bind("functional", FUNCTIONAL))
__all__ = list(FUNCTIONAL)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"mcore.functional has no {name!r}: the names that both backends have are in mcore/contract")
