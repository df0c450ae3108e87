"""Functions of the torch backend: from ``torch.nn.functional``, else ``torch``, else methods of ``torch.Tensor``.

``nms``, which torch has not, is the Platform's.
"""

from __future__ import annotations

from typing import Any

import torch

from mcore.torch_backend.detection import nms

__all__ = ["nms"]


def __getattr__(name: str) -> Any:
    for home in (torch.nn.functional, torch, torch.Tensor):
        if not name.startswith("_") and hasattr(home, name):
            return getattr(home, name)
    raise AttributeError(f"torch has no function {name!r}")
