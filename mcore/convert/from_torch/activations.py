"""Activations, and dropout, which in evaluation is nothing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mcore.convert.from_torch.table import callables, direct, maps
from mcore.convert.recorder import Recorder, Value

for _op in (
    "relu",
    "relu6",
    "leaky_relu",
    "prelu",
    "elu",
    "celu",
    "selu",
    "hardshrink",
    "softshrink",
    "threshold",
    "gelu",
    "sigmoid",
    "tanh",
    "silu",
    "mish",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "softplus",
):
    direct(_op)


direct("sigmoid", "expit")


def _along(op: str) -> Any:
    def mapping(
        recorder: Recorder, input: Value, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None
    ) -> Value:
        return recorder.emit(op, [_cast(recorder, input, dtype)], dim=_implicit(input) if dim is None else dim)

    return mapping


def _implicit(input: Value) -> int:
    """The dimension that torch takes where none is given."""
    return 0 if input.rank in (0, 1, 3) else 1


@maps(F.softmin)
def softmin(
    recorder: Recorder, input: Value, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None
) -> Value:
    negative = recorder.emit("neg", [_cast(recorder, input, dtype)])
    return recorder.emit("softmax", [negative], dim=_implicit(input) if dim is None else dim)


def _along_method(op: str) -> Any:
    def mapping(recorder: Recorder, input: Value, dim: int, dtype: torch.dtype | None = None) -> Value:
        return recorder.emit(op, [_cast(recorder, input, dtype)], dim=dim)

    return mapping


def _cast(recorder: Recorder, value: Value, dtype: torch.dtype | None) -> Value:
    if dtype is None:
        return value
    return recorder.emit("cast", [value], dtype=dtype)


for _op in ("softmax", "log_softmax"):
    maps(getattr(F, _op))(_along(_op))
    maps(getattr(torch, _op), getattr(Tensor, _op))(_along_method(_op))


def _dropout(recorder: Recorder, input: Value, p: float = 0.5, training: bool = True, inplace: bool = False) -> Value:
    if training and p:
        recorder.refuse("dropout is active; in evaluation it must not be (pass training=self.training)")
    return input


for _name in ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"):
    maps(*callables(_name))(_dropout)
