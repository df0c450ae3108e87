"""The op set of the Platform: one file per family, each op declared once in :mod:`mcore.platform.ops.registry`.

Importing this package fills the registry.
"""

from mcore.platform.ops import (
    activation,
    adaptive_pooling,
    attention,
    convolution,
    creation,
    elementwise,
    indexing,
    joining,
    linear,
    normalization,
    padding,
    pooling,
    reduction,
    resize,
    shape,
    sorting,
    unary,
    unpooling,
)

__all__ = [
    "activation",
    "adaptive_pooling",
    "attention",
    "convolution",
    "creation",
    "elementwise",
    "indexing",
    "joining",
    "linear",
    "normalization",
    "padding",
    "pooling",
    "reduction",
    "resize",
    "shape",
    "sorting",
    "unary",
    "unpooling",
]
