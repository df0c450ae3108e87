"""torchvision's networks as the reference; its builds for GPUs import beside CPU torch too.

The compiled library of such a build cannot load, and torchvision then stumbles over two operators that it takes for
granted. None of the networks here uses them, so their signatures are enough.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import torch

_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
#: Definitions last as long as the library object.
_KEPT: list[torch.library.Library] = []


def torchvision() -> ModuleType:
    """The package, with ``torchvision.models`` imported; raises ``ImportError`` where it is not installed."""
    try:
        return _imported()
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in _OPERATORS:
        library.define(name + _SIGNATURE)
    _KEPT.append(library)
    return _imported()


def _imported() -> ModuleType:
    import_module("torchvision.models.segmentation")
    return import_module("torchvision")
