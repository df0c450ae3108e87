"""Tensor, Parameter, dtypes and creation of tensors, from the chosen backend."""

from typing import Any

from mcore.backend import bind
from mcore.contract import TENSOR

globals().update(bind("tensor", TENSOR))
__all__ = list(TENSOR)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"mcore.tensor has no {name!r}: the names that both backends have are in mcore/contract")
