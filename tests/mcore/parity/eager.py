"""A call of torch on the Platform's own tensors: by the function or method that has the name of torch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from mcore.convert.from_torch import QUERIES
from mcore.convert.recorder import platform_dtype
from mcore.platform.eager import functional
from mcore.platform.eager.tensor import Tensor as PlatformTensor

from .samples import Sample

_METHODS = {getattr(Tensor, name): name for name in dir(Tensor) if callable(getattr(Tensor, name))}


class _Seen(TorchFunctionMode):
    """The functions of torch that are called, with their arguments; not those that they call in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func not in QUERIES:
            self.calls.append((func, args, kwargs))
        return func(*args, **kwargs)


def torch_calls(sample: Sample) -> tuple[list[tuple[Any, tuple[Any, ...], dict[str, Any]]], Any]:
    """The functions of torch that the call of a sample is made of, and its result."""
    with torch.no_grad(), _Seen() as seen:
        result = sample.function(*sample.arguments, **sample.keywords)
    return seen.calls, result


def platform_function(func: Any) -> Callable[..., Any] | None:
    """What the Platform has for a function of torch, ``None`` if nothing."""
    method = _METHODS.get(func)
    if method is not None:
        return getattr(PlatformTensor, method, None)
    name = getattr(func, "__name__", "")
    return getattr(functional, name, None) if name in functional.FUNCTIONS else None


def to_platform(tree: Any) -> Any:
    """Arguments with the Platform's tensors and dtypes for torch's."""
    return tree_map(_leaf, tree)


def arrays(result: Any) -> list[np.ndarray]:
    """The arrays of a result: a tensor or a sequence of them, of either backend."""
    items = result if isinstance(result, list | tuple) else [result]
    return [np.asarray(item) for item in items]


def _leaf(value: Any) -> Any:
    if isinstance(value, Tensor):
        return PlatformTensor(np.array(value.detach().numpy()))
    if isinstance(value, torch.dtype):
        return platform_dtype(value)
    return value
