"""Small tensor helpers that the layers of ``mcore.functional`` do not have by name."""

from models.functional.boxes import cells, corners, places, rows
from models.functional.pooling import generalized_mean, global_average, global_maximum
from models.functional.resize import join_at_finest, resize_like
from models.functional.stochastic_depth import stochastic_depth

__all__ = [
    "cells",
    "corners",
    "generalized_mean",
    "global_average",
    "global_maximum",
    "join_at_finest",
    "places",
    "resize_like",
    "rows",
    "stochastic_depth",
]
