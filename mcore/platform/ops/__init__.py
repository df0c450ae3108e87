"""The op set of the Platform: one file per family, each op declared once in :mod:`mcore.platform.ops.registry`.

Importing this package fills the registry.
"""

from mcore.platform.ops import (
    activation,
    convolution,
    elementwise,
    joining,
    linear,
    normalization,
    pooling,
    resize,
    shape,
    unary,
)

__all__ = [
    "activation",
    "convolution",
    "elementwise",
    "joining",
    "linear",
    "normalization",
    "pooling",
    "resize",
    "shape",
    "unary",
]
