"""The document of a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcore.checkpoints import Checkpoint


def checkpoint_document(checkpoint: Checkpoint) -> dict[str, Any]:
    """One checkpoint of ``farm-checkpoints/1``."""
    import msgspec

    return {
        "id": checkpoint.id,
        "kind": checkpoint.kind,
        "network": checkpoint.network,
        "task": checkpoint.task,
        "created": checkpoint.created.isoformat(),
        "parts": list(checkpoint.parts),
        "tensors": len(checkpoint.tensors),
        "size_bytes": checkpoint.size_bytes,
        "resumable": checkpoint.state is not None,
        "metadata": msgspec.to_builtins(checkpoint.metadata),
    }
