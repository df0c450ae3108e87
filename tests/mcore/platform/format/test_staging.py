"""What is written while the rest of a bundle is made: the same bytes, errors where the file is asked for, nothing left."""

from __future__ import annotations

import hashlib
import os
import threading
import time

import numpy as np
import pytest

from mcore.platform.bundle import FileEntry
from mcore.platform.errors import FormatError
from mcore.platform.format import staging as staging_module
from mcore.platform.format import write_bundle
from mcore.platform.format.meaning import sample_meaning
from mcore.platform.format.samples import sample_to_bytes
from mcore.platform.format.staging import Staging, Written
from mcore.platform.format.tensors import tensors_to_bytes
from tests.mcore.platform.format.networks import sample_of, samples_of, small_graph, weights_of

WEIGHTS = "weights.safetensors"


def entry(data: bytes) -> FileEntry:
    return FileEntry(hashlib.sha256(data).hexdigest(), len(data))


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_weights_are_on_the_disk_when_their_entry_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(staging_module, "_PIECE", 100)
    weights, synced = weights_of(small_graph()), []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    with Staging(tmp_path / "net") as staging:
        staging.weights(weights)
        assert staging.written(WEIGHTS) == Written(entry(tensors_to_bytes(weights)))
        assert synced == [str(staging.folder / WEIGHTS)]
        assert (staging.folder / WEIGHTS).read_bytes() == tensors_to_bytes(weights)
        assert staging.folder.parent == tmp_path
        assert staging.folder.name.startswith(".net.")
    assert os.listdir(tmp_path) == []


def test_a_sample_has_its_meaning(tmp_path):
    sample = sample_of(small_graph(), 2, 8, 12)
    with Staging(tmp_path / "net") as staging:
        staging.sample(sample)
        assert staging.files == {"samples/8x12.safetensors"}
        found = staging.written("samples/8x12.safetensors")
    assert found == Written(entry(sample_to_bytes(sample)), sample_meaning(sample))


def test_what_was_begun_is_not_begun_again(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: written.append(descriptor))
    weights, sample = weights_of(small_graph()), sample_of(small_graph(), 1, 8, 8)
    with Staging(tmp_path / "net") as staging:
        for _ in range(3):
            staging.weights(weights)
            staging.sample(sample)
        assert staging.written("samples/8x8.safetensors").entry.size > 0
    assert len(written) == 2


def test_other_weights_leave_nothing_of_the_first(tmp_path):
    graph = small_graph()
    first, second = weights_of(graph), weights_of(graph, seed=1)
    with Staging(tmp_path / "net") as staging:
        staging.weights(first)
        staging.sample(sample_of(graph, 1, 8, 8))
        before = staging.folder
        staging.weights(second)
        assert not before.exists()
        assert staging.files == {WEIGHTS}
        assert staging.written(WEIGHTS).entry == entry(tensors_to_bytes(second))
        assert contents(staging.folder) == {WEIGHTS: tensors_to_bytes(second)}
    assert os.listdir(tmp_path) == []


def test_a_bundle_is_the_same_whether_it_was_begun_before_or_not(tmp_path):
    graph = small_graph()
    weights, samples = weights_of(graph), samples_of(graph)
    write_bundle(tmp_path / "a", graph=graph, weights=weights, samples=samples)
    with Staging(tmp_path / "b") as staging:
        staging.weights(weights)
        staging.sample(samples[1])
        write_bundle(tmp_path / "b", graph=graph, weights=weights, samples=samples, staging=staging)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_sample_that_the_bundle_has_not_is_refused(tmp_path):
    graph = small_graph()
    weights, (first, *rest) = weights_of(graph), samples_of(graph)
    with Staging(tmp_path / "net") as staging:
        staging.weights(weights)
        staging.sample(first)
        with pytest.raises(ValueError, match=r"samples/8x8\.safetensors was written, but is no part of the bundle"):
            write_bundle(tmp_path / "net", graph=graph, weights=weights, samples=rest, staging=staging)
    assert os.listdir(tmp_path) == []


def test_what_has_no_place_is_refused_at_once_or_where_it_is_asked_for(tmp_path):
    with Staging(tmp_path / "net") as staging:
        with pytest.raises(FormatError, match="element type complex128"):
            staging.weights({"a": np.ones(2, complex)})
        sample = sample_of(small_graph(), 1, 8, 8)
        with pytest.raises(FormatError, match="is not named"):
            staging.sample(type(sample)("../x", {}, {}))
        staging.sample(type(sample)("8x8", {"x": np.ones(2, complex)}, {}))
        with pytest.raises(FormatError, match="element type complex128"):
            staging.written("samples/8x8.safetensors")


def test_a_full_disk_is_said_where_the_file_is_asked_for(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with Staging(tmp_path / "net") as staging:
        staging.weights(weights_of(small_graph()))
        with pytest.raises(OSError, match="No space left"):
            staging.written(WEIGHTS)
    assert os.listdir(tmp_path) == []


def test_what_is_given_up_is_not_written_to_its_end(tmp_path, monkeypatch):
    """A conversion that is refused need not wait for half a gigabyte."""
    monkeypatch.setattr(staging_module, "_PIECE", 100)
    begun, synced, before = threading.Event(), [], threading.active_count()
    digest = hashlib.sha256

    class Slow:
        """Tells of the first piece, and waits at the second until all is given up."""

        def __init__(self, *data):
            self.pieces, self.digest = 0, digest(*data)

        def update(self, piece):
            self.pieces += 1
            if self.pieces == 2:
                begun.set()
                while not staging._is_given_up:
                    time.sleep(0.001)
            self.digest.update(piece)

        def hexdigest(self):
            return self.digest.hexdigest()

    monkeypatch.setattr(staging_module.hashlib, "sha256", Slow)
    monkeypatch.setattr(os, "fsync", synced.append)
    with Staging(tmp_path / "net") as staging:
        staging.weights(weights_of(small_graph()))
        begun.wait(60)
    assert synced == []
    assert os.listdir(tmp_path) == []
    assert threading.active_count() == before
