"""Files as others write them, into the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mcore.checkpoints import CheckpointError, CheckpointStore
from mcore.checkpoints.importing import Planned, plan_import, store_planned
from mcore.module import skeleton
from mcore.pretrained import install
from models import networks

Weights = dict[str, torch.Tensor]


def build(kind: str, name: str) -> Callable[[dict[str, Any]], Any] | None:
    """The networks of ``models``, without weights."""
    cls = getattr(networks, name, None) if kind == "network" else None

    def make(parameters: dict[str, Any]) -> Any:
        with skeleton():
            return cls(**parameters)  # type: ignore[misc]

    return make if cls else None


def plan(store: CheckpointStore, source: Path, **options: Any) -> list[Planned]:
    return list(plan_import(store, source, **{"build": build, **options}))


def one(store: CheckpointStore, source: Path, **options: Any) -> Planned:
    (planned,) = plan(store, source, **options)
    assert planned.problem == ""
    return planned


def resnet(**parameters: Any) -> Weights:
    return dict(networks.resnet18(**parameters).state_dict())


def test_torchvisions_files_are_named_by_network_and_hash(sqlite_store: CheckpointStore, tmp_path: Path) -> None:
    weights = resnet()
    torch.save(weights, tmp_path / "resnet18-f37072fd.pth")
    planned = one(sqlite_store, tmp_path)
    assert (planned.network, planned.task, planned.layout) == ("resnet18", "classification", "native")
    assert planned.parts == ("backbone", "head")
    assert sqlite_store.search() == []  # so far it is a plan
    saved = store_planned(sqlite_store, planned)
    assert saved.metadata.variant == {}
    assert saved.metadata.source == "file resnet18-f37072fd.pth"
    assert saved.metadata.code is None
    found = networks.resnet18()
    sqlite_store.load(found, saved)
    assert all(torch.equal(found.state_dict()[n], v) for n, v in weights.items())
    again = one(sqlite_store, tmp_path)
    assert again.present == saved.id


def test_timms_files_have_variants_and_folders(sqlite_store: CheckpointStore, tmp_path: Path) -> None:
    folder = tmp_path / "timm" / "resnet18.a1_in1k"
    folder.mkdir(parents=True)
    save_file(resnet(), folder / "model.safetensors")
    planned = one(sqlite_store, tmp_path, facts={"tags": ("timm",), "dataset": "ImageNet-1k", "channels": ("RGB",)})
    assert planned.network == "resnet18"
    assert planned.metadata.tags == ("timm", "a1_in1k")
    assert (planned.metadata.dataset, planned.metadata.channels) == ("ImageNet-1k", ("RGB",))


def test_other_names_are_mapped_to_the_models_by_its_key_maps(sqlite_store: CheckpointStore, tmp_path: Path) -> None:
    model = networks.FCNResNet50(num_classes=4)
    theirs = {}
    for name, value in model.state_dict().items():
        name = name.replace("head.conv.", "classifier.").replace("head.score.", "classifier.4.")
        theirs[name] = value
    theirs["aux_classifier.0.weight"] = torch.zeros(1)
    torch.save({"model": theirs, "epoch": 29, "global_step": 1 << 63}, tmp_path / "FCNResNet50.pth")
    planned = one(sqlite_store, tmp_path)
    assert planned.layout == "torchvision"
    assert set(planned.weights) == set(model.state_dict())
    assert planned.metadata.variant == {"num_classes": 4}
    assert (planned.metadata.epoch, planned.metadata.step) == (29, None)  # no row holds more than 64 bits
    assert planned.metadata.notes["import"]["dropped"] == ["aux_classifier.0.weight"]


def test_files_of_mmsegmentation_name_classes_and_parts(sqlite_store: CheckpointStore, tmp_path: Path) -> None:
    net = nn.ModuleDict(
        {"backbone": nn.Linear(2, 2), "decode_head": nn.Linear(2, 3), "auxiliary_head": nn.Linear(2, 3)}
    )
    content = {
        "meta": {"CLASSES": ("road", "car", "sky"), "epoch": 7, "iter": 400, "config": "model = dict()"},
        "state_dict": dict(net.state_dict()),
        "optimizer": {"state": {}, "param_groups": []},
    }
    path = tmp_path / "segmentation" / "fcn_r50-d8_cityscapes_20200604-11111111.pth"
    path.parent.mkdir()
    torch.save(content, path)
    planned = one(sqlite_store, tmp_path)
    assert (planned.network, planned.task) == ("fcn_r50-d8_cityscapes_20200604", "segmentation")
    assert planned.parts == ("backbone", "head")
    assert planned.layout == ""
    saved = store_planned(sqlite_store, planned)
    assert (saved.metadata.classes, saved.metadata.epoch, saved.metadata.step) == (("road", "car", "sky"), 7, 400)
    assert sqlite_store.search("classes has car and parts has backbone") == [saved]


@pytest.mark.parametrize("wrapper", ["module.", "model."])
def test_the_prefix_of_a_wrapper_is_seen(sqlite_store: CheckpointStore, tmp_path: Path, wrapper: str) -> None:
    state = {f"{wrapper}{n}": v for n, v in resnet(num_classes=7, in_channels=1).items()}
    torch.save({"state_dict": state, "pytorch-lightning_version": "2", "global_step": 5}, tmp_path / "last.ckpt")
    planned = one(sqlite_store, tmp_path / "last.ckpt", network="resnet18")
    assert planned.metadata.variant == {"num_classes": 7, "in_channels": 1}
    assert planned.metadata.step == 5
    assert planned.task == "classification"


def test_pretrained_weights_bring_their_manifest(
    sqlite_store: CheckpointStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    torch.save(resnet(), tmp_path / "file.pth")
    facts = {"channels": ["R", "G", "B"], "normalisation": {"mean": [0.5], "std": [0.2]}, "dataset": "ImageNet-1k"}
    install(
        tmp_path / "file.pth", family="resnet", name="resnet18", task="classification", source="torchvision", **facts
    )
    planned = one(sqlite_store, tmp_path / "checkpoints")
    assert (planned.network, planned.task) == ("resnet18", "classification")
    assert planned.metadata.channels == ("RGB",)
    assert planned.metadata.normalisation is not None
    assert (planned.metadata.source, planned.metadata.dataset) == ("torchvision", "ImageNet-1k")
    weights = tmp_path / "checkpoints/pretrained/resnet/resnet18/weights.safetensors"
    save_file({"w": torch.zeros(1)}, weights)
    assert "the manifest says" in plan(sqlite_store, tmp_path / "checkpoints")[0].problem
    weights.write_bytes(b"x")
    assert "shorter than" in plan(sqlite_store, tmp_path / "checkpoints")[0].problem


def test_backbones_have_a_folder_of_their_own(sqlite_store: CheckpointStore, tmp_path: Path) -> None:
    (tmp_path / "backbones" / "mynet").mkdir(parents=True)
    save_file({"conv.weight": torch.zeros(2, 2, 1, 1)}, tmp_path / "backbones" / "mynet" / "best.safetensors")
    planned = one(sqlite_store, tmp_path)
    assert (planned.kind, planned.network, planned.parts) == ("backbone", "mynet", ("backbone",))
    assert store_planned(sqlite_store, planned).task == ""


class Evil:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("/tmp/never-made-by-an-import"),))


def test_what_cannot_be_imported_is_told_and_the_rest_is_planned(sqlite_store: CheckpointStore, tmp_path: Path) -> None:
    torch.save({"w": Evil()}, tmp_path / "evil.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "cut.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{")
    save_file({}, tmp_path / "none.safetensors")
    torch.save({"a.weight": torch.zeros(2)}, tmp_path / "unknown.pth")
    torch.save({**resnet(), "extra": torch.zeros(1)}, tmp_path / "resnet18.pth")
    problems = {p.path.name: p.problem for p in plan(sqlite_store, tmp_path)}
    assert "not a file of plain tensors" in problems["evil.pth"]
    assert not Path("/tmp/never-made-by-an-import").exists()
    assert "holds no state dict" in problems["list.pth"]
    assert "header" in problems["cut.safetensors"]
    assert problems["none.safetensors"].endswith("holds no weights")
    assert "task of unknown is not known: say --task" in problems["unknown.pth"]
    assert problems["resnet18.pth"] == "does not fit resnet18 by layout native: 1 unexpected, such as extra"
    assert all("\n" not in problem for problem in problems.values())
    with pytest.raises(CheckpointError, match="no such file"):
        plan(sqlite_store, tmp_path / "nosuch")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match="no file of weights"):
        plan(sqlite_store, tmp_path / "empty")


def test_a_fact_that_is_none_is_told(sqlite_store: CheckpointStore, tmp_path: Path) -> None:
    torch.save(resnet(), tmp_path / "resnet18.pth")
    assert "metadata" in plan(sqlite_store, tmp_path, facts={"tags": ("a b",)})[0].problem
    assert "has no key map for 'x'" in plan(sqlite_store, tmp_path, layout="x")[0].problem
