"""torchvision and timm, imported so that their classes derive from ``mcore.Module``; their builds for GPUs work too.

The compiled library of such a build of torchvision cannot load beside CPU torch, and its import then stumbles over two
operators that it takes for granted. No network here uses them, so their signatures are enough.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import torch

import mcore

_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
#: Definitions last as long as the library object.
_KEPT: list[torch.library.Library] = []


def torchvision() -> ModuleType:
    """The package, with its models imported; raises ``ImportError`` where it is not installed."""
    try:
        return _torchvision()
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in _OPERATORS:
        library.define(name + _SIGNATURE)
    _KEPT.append(library)
    return _torchvision()


def timm() -> ModuleType:
    """The package; raises ``ImportError`` where it is not installed. It needs torchvision."""
    with mcore.adopt():
        torchvision()
        return import_module("timm")


def _torchvision() -> ModuleType:
    with mcore.adopt():
        import_module("torchvision.models.segmentation")
        return import_module("torchvision")
