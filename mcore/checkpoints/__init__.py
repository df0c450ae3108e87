"""The checkpoint store: weights found by what they are, loaded in part or whole, and trusted because they were verified.

::

    store = CheckpointStore("/srv/checkpoints")
    checkpoint = store.save(model, metadata=Metadata(metrics={"miou": 0.71}, channels=("RGB",), dataset="Cityscapes"))
    best = store.search("task = 'segmentation' and metrics.miou > 0.7 order by metrics.miou desc limit 1")[0]

What a store is on disk is said in :mod:`mcore.checkpoints.layout`, what a checkpoint says of itself in
:mod:`mcore.checkpoints.record`, what is promised in ``docs/checkpoints.md``.
"""

from mcore.checkpoints.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    DamagedError,
    FilterError,
    MisfitError,
    StoreUnavailableError,
)
from mcore.checkpoints.filters import where
from mcore.checkpoints.loading import LoadReport, Mismatch
from mcore.checkpoints.record import (
    Checkpoint,
    Code,
    Group,
    Metadata,
    Normalisation,
    Optimiser,
    Output,
    StoredTensor,
    Timing,
)
from mcore.checkpoints.store import CheckpointStore
from mcore.pretrained.adapting import Adaptation

__all__ = [
    "Adaptation",
    "Checkpoint",
    "CheckpointError",
    "CheckpointNotFoundError",
    "CheckpointStore",
    "Code",
    "DamagedError",
    "FilterError",
    "Group",
    "LoadReport",
    "Metadata",
    "MisfitError",
    "Mismatch",
    "Normalisation",
    "Optimiser",
    "Output",
    "StoreUnavailableError",
    "StoredTensor",
    "Timing",
    "where",
]
