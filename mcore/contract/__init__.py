"""The names that both backends have: what a model file may use and run unchanged on either.

Names and meaning are torch's. A backend that lacks one fails when it is chosen, with all that is missing in one error.
"""

from __future__ import annotations

from mcore.contract.functional import FUNCTIONAL
from mcore.contract.layers import LAYERS

__all__ = ["FUNCTIONAL", "INIT", "LAYERS", "MODULE", "TENSOR"]

#: ``mcore.module``: as in ``torch.nn``, with recorded constructors, conversion, and modules without weights.
MODULE = (
    "Module",
    "ModuleDict",
    "ModuleList",
    "Sequential",
    "adopt",
    "fromplatform",
    "in_skeleton",
    "skeleton",
    "toplatform",
)

#: ``mcore.tensor``: as in ``torch``.
TENSOR = (
    "Parameter",
    "Tensor",
    "bfloat16",
    "bool",
    "float16",
    "float32",
    "float64",
    "from_numpy",
    "int16",
    "int32",
    "int64",
    "int8",
    "manual_seed",
    "no_grad",
    "tensor",
    "uint8",
)

#: ``mcore.init``: as in ``torch.nn.init``.
INIT = (
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
)
