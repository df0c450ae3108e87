"""Which checkpoint is the best, and loading it without the index."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mcore.checkpoints import CheckpointStore, DamagedError, Metadata, MisfitError
from mcore.checkpoints.matching import best, fingerprint, has_checkpoints, load_document
from tests.mcore.checkpoints.conftest import put
from tests.mcore.checkpoints.test_store import flip


def test_the_best_is_released_then_best_by_the_tasks_metric_then_newest(sqlite_store: CheckpointStore) -> None:
    assert best([]) is None
    plain = put(sqlite_store, 1)
    assert best([plain]) == plain
    newer = put(sqlite_store, 2)
    assert best([newer, plain]) == newer
    good, better = put(sqlite_store, 3, metrics={"miou": 0.5}), put(sqlite_store, 4, metrics={"miou": 0.6})
    last = put(sqlite_store, 5, metrics={"miou": 0.4, "accuracy": 1.0})
    assert best([plain, newer, better, good, last]) == better
    released = put(sqlite_store, 6, metrics={"miou": 0.1}, tags=("release",))
    assert best([better, released, good]) == released
    near, far = (put(sqlite_store, n, task="depth", metrics={"l1": float(n)}) for n in (1, 2))
    assert best([near, far]) == near


def test_a_fingerprint_is_of_names_and_weights(sqlite_store: CheckpointStore) -> None:
    one, same, other = put(sqlite_store, 1), put(sqlite_store, 1, tags=("x",)), put(sqlite_store, 1, head=2)
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)


def test_a_document_is_loaded_whole_without_the_index(sqlite_store: CheckpointStore) -> None:
    assert not has_checkpoints(sqlite_store.root)
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    saved = sqlite_store.save(model, network="n", task="t", metadata=Metadata())
    path = sqlite_store.metadata_file(saved).relative_to(sqlite_store.root).as_posix()
    assert has_checkpoints(sqlite_store.root)
    (sqlite_store.root / "checkpoints.sqlite").unlink()
    assert load_document(other, sqlite_store.root, path) == saved
    assert torch.equal(other.weight, model.weight)
    with pytest.raises(MisfitError):
        load_document(nn.Linear(3, 3), sqlite_store.root, path)
    with pytest.raises(DamagedError, match="no place"):
        load_document(other, sqlite_store.root, f"../{path}")
    flip(sqlite_store.root / f"networks/t/n/weights/{saved.id}.safetensors")
    with pytest.raises(DamagedError, match="not what was stored"):
        load_document(other, sqlite_store.root, path)
    np.testing.assert_array_equal(other.weight.detach().numpy(), model.weight.detach().numpy())
