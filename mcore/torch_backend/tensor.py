"""Tensor, Parameter, dtypes and creation on the torch backend: torch's own."""

from torch import (
    Tensor,
    bfloat16,
    bool,
    float16,
    float32,
    float64,
    from_numpy,
    int8,
    int16,
    int32,
    int64,
    manual_seed,
    no_grad,
    tensor,
    uint8,
)
from torch.nn import Parameter

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
