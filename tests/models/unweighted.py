"""Networks without first weights, for tests that give them others at once: to draw them takes longer than most forwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_DRAWING = (torch.Tensor.uniform_, torch.Tensor.normal_)


class Unweighted(TorchFunctionMode):
    """``with Unweighted():`` what would be drawn for networks that are built inside is zeros."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in _DRAWING or _draws(func):
            with torch.no_grad():
                return (args[0] if args else (kwargs or {})["tensor"]).zero_()
        return func(*args, **(kwargs or {}))


def _draws(func: Callable[..., Any]) -> bool:
    return getattr(func, "__module__", "") == "torch.nn.init" and func.__name__.endswith(("uniform_", "normal_"))
