"""Functions that say something about a tensor, never its content, and functions that draw random numbers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_PROPERTIES = (
    "_version",
    "device",
    "dtype",
    "grad",
    "grad_fn",
    "is_cpu",
    "is_cuda",
    "is_leaf",
    "is_meta",
    "is_mkldnn",
    "is_mps",
    "is_nested",
    "is_quantized",
    "is_sparse",
    "is_xpu",
    "itemsize",
    "layout",
    "names",
    "ndim",
    "requires_grad",
)
_METHODS = (
    "__format__",
    "__hash__",
    "__repr__",
    "dim",
    "element_size",
    "get_device",
    "is_complex",
    "is_contiguous",
    "is_floating_point",
    "is_inference",
    "is_signed",
    "ndimension",
    "storage_offset",
    "stride",
)
_FUNCTIONS = ("is_complex", "is_floating_point", "is_inference", "is_nonzero_static", "is_tensor")

#: Run as they are: their answers do not depend on the content or the size of a tensor.
QUERIES: frozenset[Any] = frozenset(
    [
        *(getattr(Tensor, name).__get__ for name in _PROPERTIES if hasattr(Tensor, name)),
        *(getattr(Tensor, name) for name in _METHODS if hasattr(Tensor, name)),
        *(getattr(torch, name) for name in _FUNCTIONS if hasattr(torch, name)),
        torch.promote_types,
        torch.result_type,
        torch.can_cast,
        torch.get_default_dtype,
    ]
)

#: Refused whatever they are given.
RANDOM: frozenset[Any] = frozenset(
    getattr(torch, name)
    for name in (
        "bernoulli",
        "multinomial",
        "normal",
        "poisson",
        "rand",
        "rand_like",
        "randint",
        "randn",
        "randn_like",
        "randperm",
    )
)
