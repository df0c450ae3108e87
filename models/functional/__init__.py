"""Small tensor helpers that the layers of ``mcore.functional`` do not have by name."""

from models.functional.pooling import generalized_mean, global_average, global_maximum
from models.functional.resize import resize_like
from models.functional.stochastic_depth import stochastic_depth

__all__ = ["generalized_mean", "global_average", "global_maximum", "resize_like", "stochastic_depth"]
