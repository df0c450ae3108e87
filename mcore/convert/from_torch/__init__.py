"""From torch: which ops each torch function becomes, one file per family."""

from mcore.convert.from_torch import (  # noqa: F401  (they fill the table)
    activations,
    arithmetic,
    attention,
    composed,
    creation,
    einsum,
    elementwise,
    indexing,
    layers,
    norms,
    pooling,
    positions,
    products,
    reductions,
    resampling,
    shapes,
)
from mcore.convert.from_torch.queries import QUERIES, RANDOM
from mcore.convert.from_torch.table import MAPPINGS

__all__ = ["MAPPINGS", "QUERIES", "RANDOM"]
