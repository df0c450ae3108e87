"""The switch between torch and the Platform, and conversion from one to the other.

Names are imported on first use, so that ``import mcore`` (and so ``import mcore.platform``) costs nothing and never
imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_SUBMODULES = ("backend", "functional", "init", "layers", "module", "tensor")
_EXPORTS = {
    **dict.fromkeys(("Module", "ModuleDict", "ModuleList", "Sequential"), "mcore.module"),
    **dict.fromkeys(("adopt", "fromplatform", "skeleton", "toplatform"), "mcore.module"),
    **dict.fromkeys(("Parameter", "Tensor", "from_numpy", "manual_seed", "no_grad"), "mcore.tensor"),
    **dict.fromkeys(("H", "Input", "N", "Sampling", "W"), "mcore.sampling"),
}

__all__ = [*_EXPORTS, *_SUBMODULES]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"mcore.{name}")
    if name not in _EXPORTS:
        raise AttributeError(f"module 'mcore' has no attribute {name!r}")
    return getattr(import_module(_EXPORTS[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
