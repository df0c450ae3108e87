"""Tensor, Parameter, dtypes, and tensors from data on the Platform backend."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.eager import functional  # noqa: F401 (puts the methods on Tensor)
from mcore.platform.eager.base import Tensor, to_array
from mcore.platform.eager.parameter import Parameter, no_grad
from mcore.platform.eager.random import manual_seed

__all__ = [
    "Parameter",
    "Tensor",
    "bfloat16",
    "bool",
    "float16",
    "float32",
    "float64",
    "from_numpy",
    "int8",
    "int16",
    "int32",
    "int64",
    "manual_seed",
    "no_grad",
    "tensor",
    "uint8",
]

float16, bfloat16, float32, float64 = DType.FLOAT16, DType.BFLOAT16, DType.FLOAT32, DType.FLOAT64
int8, int16, int32, int64, uint8 = DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.UINT8
bool = DType.BOOL  # torch's name


def tensor(data: Any, dtype: DType | None = None, device: Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """A tensor of a copy of ``data``: an array, or nested lists of numbers."""
    return Tensor(np.array(to_array(data)), dtype)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares memory with ``array``."""
    return Tensor(array)
