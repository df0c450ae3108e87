"""Verifying and collecting."""

from __future__ import annotations

import shutil

import pytest
from safetensors.numpy import load_file
from sqlalchemy import delete

from mcore.checkpoints import CheckpointError, CheckpointNotFoundError, CheckpointStore, DamagedError, files
from mcore.checkpoints.tables import CheckpointRow
from tests.mcore.checkpoints.conftest import put
from tests.mcore.checkpoints.test_store import flip


def test_verify_names_every_damage(store: CheckpointStore) -> None:
    first, second, third = put(store, 1), put(store, 2, state=b"abc"), put(store, 3)
    flip(store.root / f"networks/segmentation/net/weights/{first.id}.safetensors")
    (store.root / f"networks/segmentation/net/weights/{second.id}.state.safetensors").write_bytes(b"abd")
    found = {v.id: v.problems for v in store.verify()}
    assert len(found[first.id]) == 4
    assert all("not what was stored" in line for line in found[first.id])
    assert len(found[second.id]) == 1
    assert found[third.id] == ()
    assert [v.id for v in store.verify([third.id])] == [third.id]
    with pytest.raises(CheckpointNotFoundError):
        store.verify(["nosuch"])


def test_weights_and_states_that_are_gone_are_told_beside_others(sqlite_store: CheckpointStore) -> None:
    gone, stateless, bad = put(sqlite_store, 1), put(sqlite_store, 2, state=b"abc"), put(sqlite_store, 3)
    weights = sqlite_store.root / "networks/segmentation/net/weights"
    (weights / f"{gone.id}.safetensors").unlink()
    (weights / f"{stateless.id}.state.safetensors").unlink()
    flip(weights / f"{bad.id}.safetensors")
    found = {v.id: v.problems for v in sqlite_store.verify()}
    assert [len(found[each.id]) for each in (gone, stateless, bad)] == [1, 1, 4]
    assert "cannot be read: No such file" in found[gone.id][0]
    with pytest.raises(DamagedError, match="cannot be read: No such file"):
        sqlite_store.state(stateless)
    with pytest.raises(CheckpointError, match="without the state of its training"):
        sqlite_store.state(gone)


def test_metadata_that_was_moved_or_changed_is_told(sqlite_store: CheckpointStore) -> None:
    moved, changed, unknown = (put(sqlite_store, seed) for seed in range(3))
    away = sqlite_store.root / f"networks/detection/net/metadata/{moved.id}.json"
    away.parent.mkdir(parents=True)
    sqlite_store.metadata_file(moved).rename(away)
    file = sqlite_store.metadata_file(changed)
    file.write_bytes(file.read_bytes() + b"\n")
    with sqlite_store.database.write() as session:
        session.execute(delete(CheckpointRow).where(CheckpointRow.id == unknown.id))
    found = {v.id: v.problems for v in sqlite_store.verify()}
    assert found[moved.id][0].endswith(f"is of {moved.id} of networks/segmentation/net: it was moved or copied")
    assert "is not as the index has it: `farm checkpoints reindex` mends that" in found[changed.id][0]
    assert "is not in the index: `farm checkpoints reindex` mends that" in found[unknown.id][0]


def test_metadata_that_names_other_files_reads_none_of_them(sqlite_store: CheckpointStore) -> None:
    saved = put(sqlite_store)
    pack = saved.tensors[0].pack
    shutil.copy(sqlite_store.root / pack, sqlite_store.root.parent / "secret.safetensors")
    text = sqlite_store.metadata_file(saved).read_text()
    sqlite_store.metadata_file(saved).write_text(text.replace(pack, "../secret.safetensors"))
    sqlite_store.reindex()
    with pytest.raises(DamagedError, match=r"'\.\./secret\.safetensors' is no place for weights"):
        sqlite_store.weights(sqlite_store.get(saved.id))


def test_a_damaged_pack_is_read_once(store: CheckpointStore, monkeypatch: pytest.MonkeyPatch) -> None:
    one, read, reads = put(store, 1), files.read_pack, []
    flip(store.root / f"networks/segmentation/net/weights/{one.id}.safetensors")
    monkeypatch.setattr(files, "read_pack", lambda path: reads.append(path) or read(path))
    assert len(store.verify()[0].problems) == 4
    assert len(reads) == 1


def test_collect_removes_what_nobody_needs_and_nothing_else(store: CheckpointStore) -> None:
    kept = put(store, 0, state=b"state")
    home = store.root / "networks/segmentation/net"
    orphan = home / "weights/20200101T000000000-00000000.safetensors"
    half = home / f"metadata/.{kept.id}.json.0123456789abcdef.tmp"
    foreign = home / "weights/README.txt"
    for path in (orphan, half, foreign):
        path.write_bytes(b"x" * 100)
    would = store.collect(dry_run=True)
    assert orphan.exists()
    done = store.collect()
    assert done == would
    assert done.bytes_freed == 200
    assert not orphan.exists()
    assert not half.exists()
    assert foreign.exists()
    assert store.collect().removed == ()
    assert not store.verify()[0].problems
    assert store.state(kept) == b"state"


def test_collect_leaves_what_is_being_written(sqlite_store: CheckpointStore) -> None:
    home, id = "networks/segmentation/net", "20200101T000000000-00000000"
    path = sqlite_store.root / home / f"weights/{id}.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    with sqlite_store._journal.entered(id, home):
        assert sqlite_store.collect().removed == ()
        assert path.exists()
    assert sqlite_store.collect().removed == (f"{home}/weights/{id}.safetensors",)


def test_a_shared_file_is_written_anew_without_what_nobody_needs(store: CheckpointStore) -> None:
    first, second = put(store, 0, head=1), put(store, 0, head=2)
    store.delete([first.id])
    pack = store.root / f"networks/segmentation/net/weights/{first.id}.safetensors"
    before = pack.stat().st_size
    done = store.collect()
    assert done.compacted == (pack.relative_to(store.root).as_posix(),)
    assert before - pack.stat().st_size == done.bytes_freed
    assert "head.fc.weight" not in load_file(pack)
    assert not store.verify()[0].problems
    assert store.collect().compacted == ()
    shared = {key for key in load_file(pack) if not key.startswith("__pad__")}
    assert store.weights(second).keys() == {"head.fc.weight"} | shared


def test_a_shared_file_that_cannot_be_read_is_left_as_it_is(sqlite_store: CheckpointStore) -> None:
    first, second = put(sqlite_store, 0, head=1), put(sqlite_store, 0, head=2)
    sqlite_store.delete([first.id])
    pack = sqlite_store.root / f"networks/segmentation/net/weights/{first.id}.safetensors"
    pack.write_bytes(b"no such file")
    assert sqlite_store.collect().compacted == ()
    assert pack.read_bytes() == b"no such file"
    assert sqlite_store.verify([second.id])[0].problems
