"""Small tensor helpers that the layers of ``mcore.functional`` do not have by name."""

from models.functional.pooling import global_average
from models.functional.resize import resize_like
from models.functional.stochastic_depth import stochastic_depth

__all__ = ["global_average", "resize_like", "stochastic_depth"]
