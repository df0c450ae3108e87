"""An architecture is converted with the best matching checkpoint, and its bundle says which."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from farm.conversion.runner import convert_items
from farm.conversion.stored import Trained, checkpoints_of, stored_checkpoints, weights_of
from farm.conversion.wire import Result
from farm.database.engine import Database
from farm.errors import InfrastructureError
from mcore.checkpoints import Checkpoint, CheckpointStore, Metadata
from mcore.checkpoints.matching import fingerprint
from mcore.platform.format import read_bundle
from mcore.platform.report import report_lines
from mcore.toolchain import toolchain
from tests.acceptance.tiny import FILES, INVENTORY
from tests.farm.conftest import Scratch
from tests.farm.conversion.modelcode import network, write_models
from tests.farm.conversion.test_runner import SHAPES, item
from tests.farm.tinyfarm import TinyFarm
from workers.outcome import Cause, Outcome


@pytest.fixture
def tiny(scratch: Scratch) -> Scratch:
    scratch.commit({**FILES, "inventory.yaml": INVENTORY}, "Start")
    return scratch


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CheckpointStore]:
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.delenv("FARM_CHECKPOINTS_DATABASE_URL", raising=False)
    made = CheckpointStore(tmp_path / "checkpoints")
    yield made
    made.close()


def put(store: CheckpointStore, seed: int = 0, *, kind: str = "network", name: str = "net", **facts: Any) -> Checkpoint:
    """Random weights of the network that ``modelcode`` makes, as of its default variant."""
    rng = np.random.default_rng(seed)
    weights = {key: rng.standard_normal(shape, dtype=np.float32) for key, shape in SHAPES.items()}
    return store.add(
        weights,
        network=name,
        kind=kind,
        task="" if kind == "backbone" else "segmentation",
        metadata=Metadata(**{"variant": {}, **facts}),
        parts=dict.fromkeys(weights, "network"),
    )


def path_of(store: CheckpointStore, checkpoint: Checkpoint) -> str:
    return store.metadata_file(checkpoint).relative_to(store.root).as_posix()


def test_the_best_of_the_same_kind_name_and_default_variant_matches(store: CheckpointStore) -> None:
    assert stored_checkpoints([("network", "net")]) == {}
    put(store, 1, metrics={"miou": 0.5})
    good = put(store, 2, metrics={"miou": 0.7})
    put(store, 3, metrics={"miou": 0.9}, variant={"width": 2})
    put(store, 4, metrics={"miou": 0.9}, variant=None)
    put(store, 5, metrics={"miou": 0.9}, name="other")
    backbone = put(store, 6, kind="backbone", name="net")
    found = stored_checkpoints([("network", "net"), ("backbone", "net"), ("head", "net"), ("network", "none")])
    assert {key: stored.path for key, stored in found.items()} == {
        ("network", "net"): path_of(store, good),
        ("backbone", "net"): path_of(store, backbone),
    }
    assert found["network", "net"].fingerprint == fingerprint(good)


def test_a_checkpoint_goes_before_pretrained_weights(store: CheckpointStore) -> None:
    (store.root / "pretrained" / "small" / "net").mkdir(parents=True)
    net = ("network", "models/networks/small.py", "net")
    assert weights_of([net]) == {("network", "net"): Trained(checkpoint="small/net")}
    saved = put(store)
    assert weights_of([net, ("head", "models/heads/small.py", "net")]) == {
        ("network", "net"): Trained(stored=path_of(store, saved)),
        ("head", "net"): Trained(),
    }


def test_the_store_is_opened_once_for_many(store: CheckpointStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store)
    opened, configured = [], CheckpointStore.configured
    monkeypatch.setattr(CheckpointStore, "configured", lambda: opened.append(1) or configured())
    assert len(weights_of([("network", "models/networks/small.py", name) for name in ("net", "other", "third")])) == 3
    assert opened == [1]


def test_where_nothing_was_ever_saved_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FARM_CHECKPOINTS", raising=False)
    assert stored_checkpoints([("network", "net")]) == {}
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "empty"))
    assert stored_checkpoints([("network", "net")]) == {}
    assert not (tmp_path / "empty").exists()


def test_a_store_that_cannot_be_used_is_not_passed_over(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store)
    monkeypatch.setenv("FARM_CHECKPOINTS_DATABASE_URL", "postgresql://x@127.0.0.1:1/x")
    with pytest.raises(InfrastructureError, match="the index at"):
        stored_checkpoints([("network", "net")])


def test_the_fingerprint_is_part_of_the_toolchain_of_the_architecture_alone(
    store: CheckpointStore, tiny: Scratch, database: Database
) -> None:
    """So a better checkpoint makes the next submission convert it anew, and one of the same weights does not."""
    entries = TinyFarm(tiny, database).plan().entries
    assert checkpoints_of(entries) == {}
    saved = put(store, 1, name="wide", metrics={"miou": 0.5})
    assert checkpoints_of(entries) == {"network:wide": {"checkpoint": fingerprint(saved)}}
    put(store, 1, name="wide", metrics={"miou": 0.6})
    assert checkpoints_of(entries) == {"network:wide": {"checkpoint": fingerprint(saved)}}
    better = put(store, 2, name="wide", metrics={"miou": 0.7})
    assert checkpoints_of(entries) == {"network:wide": {"checkpoint": fingerprint(better)}}


def convert(store: CheckpointStore, folder: Path, checkpoint: Checkpoint) -> Result:
    source = write_models(folder / "source", {"good": network("net")})
    asked = msgspec.structs.replace(item("good", "net", folder), stored=path_of(store, checkpoint))
    (result,) = [event for event in convert_items(source, [asked]) if isinstance(event, Result)]
    return result


def test_the_bundle_has_its_weights_and_says_which_it_was(store: CheckpointStore, tmp_path: Path) -> None:
    saved = put(store, 7)
    assert convert(store, tmp_path, saved).outcome is None
    bundle = read_bundle(tmp_path / "net")
    for name, array in store.weights(saved).items():
        np.testing.assert_array_equal(bundle.weights[name], array)
    said = {"origin": "checkpoint", "id": saved.id, "sha256": fingerprint(saved)}
    assert bundle.manifest.report["weights"] == said
    assert bundle.manifest.toolchain == {**toolchain(), "checkpoint": fingerprint(saved)}
    assert f"weights: checkpoint {saved.id} (sha256 {fingerprint(saved)[:12]})" in report_lines(bundle.manifest.report)


def test_a_damaged_checkpoint_is_one_line_and_no_fault_of_the_network(store: CheckpointStore, tmp_path: Path) -> None:
    saved = put(store)
    next(store.root.rglob("*.safetensors")).write_bytes(b"x")
    result = convert(store, tmp_path, saved)
    assert (result.outcome, result.cause) == (Outcome.REFERENCE_INVALID, Cause.REFERENCE)
    assert result.message.startswith(f"checkpoint {saved.id}: ")
    assert "\n" not in result.message
    assert not (tmp_path / "net").exists()
