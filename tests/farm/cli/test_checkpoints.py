"""``farm checkpoints`` as people and scripts meet it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from mcore.checkpoints import CheckpointStore
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.mcore.checkpoints.conftest import put, small_weights
from tests.mcore.checkpoints.test_store import flip

Farm = Callable[..., Said]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configured store with three checkpoints, the newest a backbone, as the folder is left by a training."""
    folder = tmp_path / "checkpoints"
    monkeypatch.setenv("FARM_CHECKPOINTS", str(folder))
    monkeypatch.delenv("FARM_CHECKPOINTS_DATABASE_URL", raising=False)
    store = CheckpointStore(folder)
    put(store, 1, metrics={"miou": 0.5}, tags=("old",), state=b"s")
    put(store, 2, metrics={"miou": 0.8}, channels=("RGB",))
    put(store, 3, kind="backbone", task="", network="body")
    store.close()
    return folder


def ids(root: Path) -> list[str]:
    store = CheckpointStore(root)
    found = [c.id for c in store.search("order by created")]
    store.close()
    return found


def test_list_and_search_print_what_is_there(root: Path, farm: Farm) -> None:
    first, second, third = ids(root)
    said = farm("checkpoints", "list")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == ["id", third, second, first]
    assert "3 checkpoints" in said.err
    assert [
        c["id"] for c in farm("checkpoints", "list", "--task", "segmentation", "--json").document["checkpoints"]
    ] == [
        second,
        first,
    ]
    assert [c["id"] for c in farm("checkpoints", "list", "--tag", "old", "--json").document["checkpoints"]] == [first]
    found = farm("checkpoints", "search", "miou > 0.7 and 'RGB' in channels", "--json").document
    assert found["schema"] == "farm-checkpoints/1"
    (row,) = found["checkpoints"]
    assert (row["id"], row["metadata"]["metrics"]) == (second, {"miou": 0.8})
    assert set(row) == {
        "id",
        "kind",
        "network",
        "task",
        "created",
        "parts",
        "tensors",
        "size_bytes",
        "resumable",
        "metadata",
    }


def test_a_filter_that_does_not_parse_names_the_column(root: Path, farm: Farm) -> None:
    said = farm("checkpoints", "search", "task = 'a' adn miou > 1")
    assert (said.code, said.out) == (2, "")
    lines = said.err.splitlines()
    assert lines[0] == "task = 'a' adn miou > 1"
    assert lines[1].index("^") == 11
    assert lines[2].startswith("farm: filter, column 12: 'adn' does not belong here")


def test_show_tells_all_that_is_known(root: Path, farm: Farm) -> None:
    first, *_ = ids(root)
    said = farm("checkpoints", "show", first)
    assert f"{first}: network net for segmentation" in said.out
    assert 'metrics: {"miou": 0.5}' in said.out
    assert "training can go on from it" in said.out
    shown = farm("checkpoints", "show", first, "--json").document
    assert shown["schema"] == "farm-checkpoint/1"
    assert shown["checkpoint"]["tensors"][0]["name"] == "backbone.conv.weight"
    assert Path(shown["file"]).is_file()
    assert farm("checkpoints", "show", "nosuch").code == 4


def test_verify_says_what_is_damaged(root: Path, farm: Farm) -> None:
    first, second, _ = ids(root)
    assert farm("checkpoints", "verify", "--json").document["damaged"] == 0
    flip(root / f"networks/segmentation/net/weights/{first}.safetensors")
    said = farm("checkpoints", "verify")
    assert said.code == 1
    assert said.out.startswith(f"{first}:\n")
    assert "3 checkpoints verified, 1 damaged" in said.out
    assert farm("checkpoints", "verify", second).code == 0


def test_export_writes_a_file_that_stands_alone(root: Path, farm: Farm, tmp_path: Path) -> None:
    first, *_ = ids(root)
    out = tmp_path / "out.safetensors"
    assert farm("checkpoints", "export", first, "--out", str(out), "--part", "head").out == f"{out}\n"
    (found,) = (array for name, array in load_file(out).items() if not name.startswith("__pad__"))
    np.testing.assert_array_equal(found, small_weights(1)["head.fc.weight"])
    assert farm("checkpoints", "export", first, "--out", str(out)).code == 2
    whole = farm("checkpoints", "export", first, "--out", str(out), "--overwrite", "--json").document
    assert whole["tensors"] == 4
    assert set(small_weights()) <= set(load_file(out))


def test_gc_and_reindex_mend_what_was_left(root: Path, farm: Farm) -> None:
    first, *_ = ids(root)
    orphan = root / "networks/segmentation/net/weights/20200101T000000000-00000000.safetensors"
    orphan.write_bytes(b"x" * 10)
    assert farm("checkpoints", "gc", "--dry-run", "--json").document["bytes_freed"] == 10
    assert orphan.exists()
    assert "freed 10 B" in farm("checkpoints", "gc").out
    assert not orphan.exists()
    metadata = root / f"networks/segmentation/net/metadata/{first}.json"
    metadata.write_bytes(b"{")
    assert farm("checkpoints", "reindex").code == 1
    assert farm("checkpoints", "gc").code == 1
    assert farm("checkpoints", "reindex", "--from-database", "--json").document["restored"] == [first]
    assert farm("checkpoints", "reindex").code == 0


def test_import_plans_first_and_takes_the_names_of_the_repositorys_networks(
    root: Path, tiny: Scratch, farm: Farm, tmp_path: Path
) -> None:
    source = tmp_path / "downloads" / "classification"
    source.mkdir(parents=True)
    save_file({"backbone.w": np.zeros(2, np.float32), "head.w": np.ones(2, np.float32)}, source / "other.safetensors")
    (source / "broken.safetensors").write_bytes(b"x")
    command = (
        "checkpoints",
        "import",
        str(source.parent),
        "--tag",
        "new",
        "--metric",
        "accuracy=0.5",
        "--channels",
        "RGB,mask",
    )
    plan = farm(*command, "--dry-run")
    assert plan.code == 1
    assert "would be network other (classification): 2 tensors, backbone, head" in plan.err
    assert "broken.safetensors: refused: shorter than" in plan.err
    assert len(ids(root)) == 3
    assert "1 file imported, 0 there already, 1 refused" in farm(*command).out
    assert "0 files imported, 1 there already, 1 refused" in farm(*command).out
    (found,) = farm("checkpoints", "search", "tags has new", "--json").document["checkpoints"]
    assert found["metadata"]["channels"] == ["RGB", "mask"]
    assert found["metadata"]["metrics"] == {"accuracy": 0.5}
    for wrong in ("x", "=0.5", "miou=nan", "miou=high"):
        refused = farm(*command, "--metric", wrong)
        assert refused.code == 2
        assert f"--metric {wrong!r} is not NAME=VALUE" in refused.err


def test_a_store_that_is_not_there_is_said(tmp_path: Path, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FARM_CHECKPOINTS", raising=False)
    said = farm("checkpoints", "list")
    assert (said.code, said.err) == (
        2,
        "farm: no folder of checkpoints is configured: set FARM_CHECKPOINTS, or say --root\n",
    )
    said = farm("checkpoints", "list", "--root", str(tmp_path / "nosuch"))
    assert (said.code, said.err) == (3, f"farm: {tmp_path / 'nosuch'}: no such folder; is it mounted?\n")
