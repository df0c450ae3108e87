"""A store on each kind of database, and small weights to put there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcore.checkpoints import Checkpoint, CheckpointStore, Metadata

Weights = dict[str, np.ndarray]


def small_weights(seed: int = 0, *, head: int | None = None) -> Weights:
    """A backbone by ``seed`` and a head by ``head``, or by ``seed`` too."""
    body, top = np.random.default_rng(seed), np.random.default_rng(seed if head is None else 1000 + head)
    return {
        "backbone.conv.weight": body.standard_normal((4, 3, 3, 3), dtype=np.float32),
        "backbone.bn.running_mean": body.standard_normal(4).astype(np.float16),
        "backbone.bn.num_batches_tracked": np.asarray(seed, np.int64),
        "head.fc.weight": top.standard_normal((2, 4), dtype=np.float32),
    }


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[CheckpointStore]:
    made = CheckpointStore(tmp_path / "store", database_url)
    yield made
    made.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[CheckpointStore]:
    """For what the database has no part in."""
    made = CheckpointStore(tmp_path / "store")
    yield made
    made.close()


def put(store: CheckpointStore, seed: int = 0, *, head: int | None = None, **facts: Any) -> Checkpoint:
    """Store small weights; facts are those of ``add`` or of the metadata."""
    weights = small_weights(seed, head=head)
    own = {key: facts.pop(key) for key in ("network", "kind", "task", "state") if key in facts}
    given: dict[str, Any] = {"network": "net", "kind": "network", "task": "segmentation", **own}
    parts = {name: name.partition(".")[0] for name in weights}
    return store.add(weights, metadata=Metadata(**facts), parts=parts, **given)


@pytest.fixture
def files_below() -> Callable[[Path], set[str]]:
    """Paths of all files below a folder, but for the index's own."""

    def found(root: Path) -> set[str]:
        paths = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        return {path for path in paths if not path.startswith("checkpoints.sqlite")}

    return found
