"""Which checkpoint an architecture has, by the file that defines it and its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.conversion.checkpoint import checkpoint_of


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path))
    for place in ("resnet/resnet50", "resnet/Bottleneck", "fcn/FCNHead"):
        (tmp_path / "pretrained" / place).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "file", "name", "checkpoint"),
    [
        ("network", "models/networks/resnet.py", "resnet50", "resnet/resnet50"),
        ("backbone", "models/backbones/resnet.py", "ResNet50", "resnet/resnet50"),
        ("network", "models/networks/resnet.py", "resnet18", ""),
        ("network", "models/networks/vgg.py", "resnet50", ""),
        ("block", "models/basicblocks/resnet.py", "Bottleneck", ""),
        ("head", "models/heads/fcn.py", "FCNHead", ""),
    ],
)
def test_it_is_of_the_family_and_the_name(kind: str, file: str, name: str, checkpoint: str, root: Path) -> None:
    assert checkpoint_of(kind, file, name) == checkpoint


def test_without_a_root_there_is_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FARM_CHECKPOINTS")
    assert checkpoint_of("network", "models/networks/resnet.py", "resnet50") == ""
