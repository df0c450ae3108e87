"""Small tensor helpers that the layers of ``mcore.functional`` do not have by name."""

from models.functional.boxes import anchor_rows, cells, corners, moved, places, rows
from models.functional.detections import select_detections
from models.functional.pooling import generalized_mean, global_average, global_maximum
from models.functional.resize import join_at_finest, resize_like

__all__ = [
    "anchor_rows",
    "cells",
    "corners",
    "generalized_mean",
    "global_average",
    "global_maximum",
    "join_at_finest",
    "moved",
    "places",
    "resize_like",
    "rows",
    "select_detections",
]
