"""The checkpoint that an architecture is to be converted with: the best of those that fit its default variant."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mcore.checkpoints import files, layout
from mcore.checkpoints.arrays import load_arrays
from mcore.checkpoints.errors import DamagedError
from mcore.checkpoints.loading import fit, refuse_misfit
from mcore.checkpoints.reading import read_tensors
from mcore.checkpoints.record import Checkpoint, decode

#: The metric that a task is told by, and whether more of it is better; 1 or -1.
LEADING: Mapping[str, tuple[str, int]] = {
    "classification": ("accuracy", 1),
    "segmentation": ("miou", 1),
    "detection": ("map", 1),
    "depth": ("l1", -1),
}
#: Checkpoints with this tag come before all others.
RELEASE = "release"


def best(checkpoints: Iterable[Checkpoint]) -> Checkpoint | None:
    """The best of some checkpoints of one network; ``None`` of none.

    Those tagged ``release`` come first; then those that have the leading metric of their task, by it; then the newest.
    """
    return max(checkpoints, key=_rank, default=None)


def _rank(checkpoint: Checkpoint) -> tuple[bool, bool, float, Any]:
    metric, sign = LEADING.get(checkpoint.task, ("", 1))
    value = checkpoint.metadata.metrics.get(metric)
    return (
        RELEASE in checkpoint.metadata.tags,
        value is not None,
        0.0 if value is None else sign * value,
        (checkpoint.created, checkpoint.id),
    )


def fingerprint(checkpoint: Checkpoint) -> str:
    """sha256 of its weights by name: two checkpoints of the same weights have the same."""
    lines = sorted(f"{tensor.name} {tensor.sha256}" for tensor in checkpoint.tensors)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def has_checkpoints(root: Path) -> bool:
    """Whether ``root`` is a store that something was ever saved to; told without making one."""
    return any((root / folder).is_dir() for folder in ("backbones", "networks"))


def load_document(model: Any, root: Path, path: str) -> Checkpoint:
    """Load the checkpoint whose metadata file is at ``path`` below the root, whole, and without the index.

    Raises:
        DamagedError: a file is missing or not what was stored.
        MisfitError: it does not fit the model, which is unchanged.
    """
    if not layout.is_document(path):
        raise DamagedError(f"{path!r} is no place for metadata")
    checkpoint = decode(files.read(root / path), path)
    fitted, report = fit(model, read_tensors(root, checkpoint.tensors), checkpoint=checkpoint.id)
    refuse_misfit(report, model, strict=True)
    load_arrays(model, fitted)
    return checkpoint
