"""The torch backend: torch's layers and functions, and a Module that converts and can be rebuilt."""

from mcore.torch_backend.module import (
    Module,
    ModuleDict,
    ModuleList,
    Sequential,
    adopt,
    fromplatform,
    in_skeleton,
    skeleton,
    toplatform,
)

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
