"""Saving, sharing, reading and removing, on both databases."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from sqlalchemy import delete

from mcore.checkpoints import (
    CheckpointError,
    CheckpointNotFoundError,
    CheckpointStore,
    DamagedError,
    Metadata,
    StoreUnavailableError,
)
from mcore.checkpoints.tables import CheckpointRow
from tests.mcore.checkpoints.conftest import put, small_weights

FilesBelow = Callable[[Path], set[str]]


def test_what_is_saved_comes_back_bit_for_bit(store: CheckpointStore) -> None:
    saved = put(store, metrics={"miou": 0.5}, channels=("RGB", "mask"), notes={"a": (1, 2)})
    found = store.get(saved.id)
    assert found == saved
    assert found.metadata.notes == {"a": [1, 2]}
    weights = store.weights(found)
    for name, array in small_weights().items():
        assert weights[name].dtype == array.dtype
        np.testing.assert_array_equal(weights[name], array)
    assert list(weights) == list(small_weights())
    assert found.parts == ("backbone", "head")


def test_files_lie_in_the_tree_and_other_programs_read_them(store: CheckpointStore, files_below: FilesBelow) -> None:
    network, backbone = put(store), put(store, 1, network="res", kind="backbone", task="")
    assert files_below(store.root) == {
        f"networks/segmentation/net/weights/{network.id}.safetensors",
        f"networks/segmentation/net/metadata/{network.id}.json",
        f"backbones/res/weights/{backbone.id}.safetensors",
        f"backbones/res/metadata/{backbone.id}.json",
    }
    read = load_file(store.root / f"networks/segmentation/net/weights/{network.id}.safetensors")
    np.testing.assert_array_equal(read["head.fc.weight"], small_weights()["head.fc.weight"])
    assert json.loads(store.metadata_file(network).read_bytes())["network"] == "net"


def test_a_new_head_on_a_frozen_backbone_stores_the_head_alone(store: CheckpointStore) -> None:
    first = put(store, 0, head=1)
    second = put(store, 0, head=2, network="other")
    own = store.root / f"networks/segmentation/other/weights/{second.id}.safetensors"
    assert {key for key in load_file(own) if not key.startswith("__pad__")} == {"head.fc.weight"}
    np.testing.assert_array_equal(
        store.weights(second)["backbone.conv.weight"], small_weights()["backbone.conv.weight"]
    )
    again = put(store, 0, head=1)
    assert not (store.root / f"networks/segmentation/net/weights/{again.id}.safetensors").exists()
    assert store.weights(again).keys() == store.weights(first).keys()


def test_equal_tensors_of_one_checkpoint_are_stored_once(sqlite_store: CheckpointStore) -> None:
    tied = np.arange(6, dtype=np.float32)
    saved = sqlite_store.add(
        {"a": tied, "b": tied.copy(), "c": tied.reshape(2, 3)},
        network="net",
        kind="network",
        task="t",
        metadata=Metadata(),
        parts=dict.fromkeys("abc", "network"),
    )
    pack = load_file(sqlite_store.root / f"networks/t/net/weights/{saved.id}.safetensors")
    assert {key for key in pack if not key.startswith("__pad__")} == {
        "a",
        "c",
    }  # of another shape, it is another tensor
    assert sqlite_store.weights(saved)["b"].tolist() == tied.tolist()


def test_shared_tensors_outlive_who_stored_them(store: CheckpointStore, files_below: FilesBelow) -> None:
    first, second = put(store, 0, head=1), put(store, 0, head=2)
    store.delete([first.id])
    np.testing.assert_array_equal(
        store.weights(second)["backbone.conv.weight"], small_weights()["backbone.conv.weight"]
    )
    with pytest.raises(CheckpointNotFoundError):
        store.get(first.id)
    assert store.delete([second.id]) > 0
    assert files_below(store.root) == set()


def test_a_damaged_tensor_is_not_shared_but_stored_again(sqlite_store: CheckpointStore) -> None:
    first = put(sqlite_store, 0, head=1)
    flip(sqlite_store.root / f"networks/segmentation/net/weights/{first.id}.safetensors")
    second = put(sqlite_store, 0, head=1)
    sqlite_store.weights(second)
    with pytest.raises(DamagedError, match="not what was stored"):
        sqlite_store.weights(first)


def flip(path: Path) -> None:
    """Flip one bit of every tensor's memory."""
    data = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    for name, entry in header.items():
        if name != "__metadata__" and not name.startswith("__pad__"):
            data[start + entry["data_offsets"][0]] ^= 1
    path.write_bytes(data)


def test_of_a_file_that_cannot_be_read_nothing_is_shared(sqlite_store: CheckpointStore) -> None:
    first = put(sqlite_store)
    (sqlite_store.root / f"networks/segmentation/net/weights/{first.id}.safetensors").write_bytes(b"x")
    again = put(sqlite_store)
    np.testing.assert_array_equal(sqlite_store.weights(again)["head.fc.weight"], small_weights()["head.fc.weight"])


def test_a_counter_that_happens_to_be_equal_is_not_shared(
    sqlite_store: CheckpointStore, files_below: FilesBelow
) -> None:
    """It would keep another checkpoint's file for eight bytes."""
    first, second = put(sqlite_store, 1), small_weights(2)
    second["backbone.bn.num_batches_tracked"] = np.asarray(1, np.int64)
    second["large"] = np.ones(1000, np.float32)
    saved = sqlite_store.add(
        second, network="net", kind="network", task="t", metadata=Metadata(), parts=dict.fromkeys(second, "network")
    )
    assert {tensor.pack for tensor in saved.tensors} == {f"networks/t/net/weights/{saved.id}.safetensors"}
    sqlite_store.delete([first.id])
    assert not any(first.id in path for path in files_below(sqlite_store.root))


@pytest.mark.parametrize("part", [None, "backbone"])
def test_every_damage_is_seen_at_load(sqlite_store: CheckpointStore, part: str | None) -> None:
    saved = put(sqlite_store)
    path = sqlite_store.root / f"networks/segmentation/net/weights/{saved.id}.safetensors"
    good = path.read_bytes()
    parts = None if part is None else (part,)
    for damaged in (good[:-1], good[: len(good) // 2], b"", good + b"\0", b"\xff" * len(good)):
        path.write_bytes(damaged)
        with pytest.raises(DamagedError, match=saved.id):
            sqlite_store.weights(saved, parts)
    path.unlink()
    with pytest.raises(DamagedError, match="cannot be read"):
        sqlite_store.weights(saved, parts)


def test_a_part_alone_is_read_and_another_is_an_error(sqlite_store: CheckpointStore) -> None:
    saved = put(sqlite_store)
    assert set(sqlite_store.weights(saved, ("head",))) == {"head.fc.weight"}
    with pytest.raises(CheckpointError, match="has no part neck; it has backbone, head"):
        sqlite_store.weights(saved, ("head", "neck"))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"network": "../up"}, "no name"),
        ({"network": ""}, "no name"),
        ({"task": "a/b"}, "no name"),
        ({"task": ""}, "say the task"),
        ({"kind": "backbone"}, "of no task"),
        ({"metrics": {"miou": float("nan")}}, r"metadata\.metrics\.miou is nan"),
        ({"notes": {"x": [float("inf")]}}, r"metadata\.notes\.x\[0\] is inf"),
        ({"metrics": {"a b": 1.0}}, "metadata"),
        ({"resolution": (1, 2, 3, 4)}, "metadata"),
        ({"dataset": "a\0b"}, "zero character"),
        ({"kind": "head"}, "Invalid enum value 'head'"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_left(
    store: CheckpointStore, facts: dict[str, object], said: str, files_below: FilesBelow
) -> None:
    with pytest.raises(CheckpointError, match=said):
        put(store, **facts)
    assert files_below(store.root) == set()
    assert store.verify() == []


def test_an_element_type_without_place_is_refused(sqlite_store: CheckpointStore) -> None:
    with pytest.raises(CheckpointError, match="w has element type complex64"):
        sqlite_store.add(
            {"w": np.zeros(2, np.complex64)},
            network="net",
            kind="network",
            task="t",
            metadata=Metadata(),
            parts={"w": "network"},
        )


def test_a_model_whose_state_is_more_than_tensors_is_refused(sqlite_store: CheckpointStore) -> None:
    class Stateful:
        def state_dict(self) -> dict[str, object]:
            return {"extra": {"a": 1}}

    with pytest.raises(CheckpointError, match="extra of Stateful is a dict, not a tensor"):
        sqlite_store.save(Stateful())


def test_a_name_that_could_not_be_read_back_is_refused(sqlite_store: CheckpointStore, files_below: FilesBelow) -> None:
    """Also where its tensor is there already, and so no file is written that would refuse it."""
    put(sqlite_store, 1)
    before = files_below(sqlite_store.root)
    weights = {"x" * 600: small_weights(1)["backbone.conv.weight"]}
    with pytest.raises(CheckpointError, match=r"length <= 512"):
        sqlite_store.add(
            weights, network="n", kind="network", task="t", metadata=Metadata(), parts=dict.fromkeys(weights, "network")
        )
    assert files_below(sqlite_store.root) == before


def test_an_error_is_told_though_the_index_is_gone_too(
    sqlite_store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StoreUnavailableError("the index is gone")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mcore.checkpoints.files.os.replace", full)
        patch.setattr("mcore.checkpoints.store.settle", gone)
        with pytest.raises(StoreUnavailableError, match="No space left"):
            put(sqlite_store)
    assert sqlite_store.recover() == 1


def test_what_a_killed_process_left_is_settled_by_what_its_metadata_says(sqlite_store: CheckpointStore) -> None:
    whole, damaged = put(sqlite_store, 1), put(sqlite_store, 2)
    sqlite_store.metadata_file(damaged).write_bytes(b"{")
    with sqlite_store.database.write() as session:
        session.execute(delete(CheckpointRow).where(CheckpointRow.id == whole.id))
    for each in (whole, damaged):
        (sqlite_store.root / ".journal" / each.id).write_text("networks/segmentation/net")
    assert sqlite_store.recover() == 2
    assert sqlite_store.get(whole.id) == whole
    assert sqlite_store.get(damaged.id) == damaged  # its row is what restores the file
    assert sqlite_store.reindex(from_database=True).restored == (damaged.id,)


def test_a_removal_that_fails_is_made_good(sqlite_store: CheckpointStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The metadata file is gone by then: so the rest goes as well."""
    saved = put(sqlite_store)

    def full(*_: object) -> None:
        raise StoreUnavailableError("the index is full")

    with monkeypatch.context() as patch:
        patch.setattr("mcore.checkpoints.store.drop", full)
        with pytest.raises(StoreUnavailableError, match="is full"):
            sqlite_store.delete([saved.id])
    with pytest.raises(CheckpointNotFoundError):
        sqlite_store.get(saved.id)
    assert sqlite_store.verify() == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailableError, match=r"file/store: cannot be made: Not a directory$"):
        CheckpointStore(tmp_path / "file" / "store")


def test_ids_may_be_shortened_where_that_is_clear(store: CheckpointStore) -> None:
    first, second = put(store, 1), put(store, 2)
    assert store.get(first.id[:-2]) == first
    with pytest.raises(CheckpointNotFoundError, match="several"):
        store.get(first.id[:4])
    for wrong in ("", "nosuch", second.id + "0", "%"):
        with pytest.raises(CheckpointNotFoundError, match="no checkpoint"):
            store.get(wrong)


def test_savers_and_removers_at_once_lose_nothing(tmp_path: Path, database_url: str) -> None:
    """Each thread has a store of its own, as processes have; all share a backbone that is removed all the time."""
    CheckpointStore(tmp_path, database_url).close()
    kept: list[str] = []
    failed: list[BaseException] = []

    def work(number: int) -> None:
        store = CheckpointStore(tmp_path, database_url)
        try:
            for i in range(5):
                saved = put(store, 0, head=10 * number + i)
                if i % 2:
                    store.delete([saved.id])
                    store.collect()
                else:
                    kept.append(saved.id)
        except BaseException as error:
            failed.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failed
    store = CheckpointStore(tmp_path, database_url)
    verified = store.verify()
    assert {v.id for v in verified} == set(kept)
    assert not [v for v in verified if v.problems]
    store.delete(kept)
    assert not list(tmp_path.rglob("*.safetensors"))
    store.close()


def test_a_disk_that_takes_no_more_is_one_line(sqlite_store: CheckpointStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mcore.checkpoints.files.os.replace", full)
        with pytest.raises(StoreUnavailableError, match="No space left") as caught:
            put(sqlite_store)
    assert "\n" not in str(caught.value)
    assert sqlite_store.verify() == []
    assert not list(sqlite_store.root.rglob("*.tmp"))


def test_a_store_is_configured_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FARM_CHECKPOINTS", raising=False)
    with pytest.raises(CheckpointError, match="set FARM_CHECKPOINTS"):
        CheckpointStore.configured()
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "a"))
    monkeypatch.setenv("FARM_CHECKPOINTS_DATABASE_URL", f"sqlite:///{tmp_path}/b.sqlite")
    CheckpointStore.configured().close()
    assert (tmp_path / "b.sqlite").is_file()
    monkeypatch.delenv("FARM_CHECKPOINTS_DATABASE_URL")
    monkeypatch.setenv("FARM_CHECKPOINTS_DATABASE_URL_FILE", str(tmp_path / "url"))
    with pytest.raises(CheckpointError, match="cannot be read"):
        CheckpointStore.configured()
    (tmp_path / "url").write_text(f"sqlite:///{tmp_path}/c.sqlite\n")
    CheckpointStore.configured().close()
    assert (tmp_path / "c.sqlite").is_file()
