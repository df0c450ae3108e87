"""What a model says of itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcore.checkpoints import CheckpointStore, Code, Metadata
from mcore.checkpoints.describing import _version, described, repository_version, variant_of
from mcore.platform.eager.constructor import rebuild
from models.networks import UNet, resnet18
from models.networks.assembly import assemble


def test_a_model_says_how_to_build_it(sqlite_store: CheckpointStore) -> None:
    model = UNet(width=4, depth=1, num_classes=3)
    saved = sqlite_store.save(model, metadata=Metadata(metrics={"miou": 0.5}))
    assert (saved.network, saved.task, saved.kind) == ("UNet", "segmentation", "network")
    assert saved.metadata.variant == {"width": 4, "depth": 1, "num_classes": 3}
    assert saved.metadata.in_channels == 3
    assert saved.metadata.metrics == {"miou": 0.5}
    assert sqlite_store.get(saved.id) == saved
    assert saved.metadata.constructor is not None
    again = rebuild(saved.metadata.constructor)
    assert again.state_dict().keys() == model.state_dict().keys()


def test_what_is_said_goes_before_what_is_found() -> None:
    given = Metadata(code=Code(commit="abc", dirty=True), in_channels=7)
    found = described(resnet18(), given)
    assert (found.code, found.in_channels) == (given.code, 7)
    assert found.parts_of == {"backbone": "ResNet18", "head": "ClassificationHead"}


def test_a_variant_is_what_is_not_the_default() -> None:
    assert variant_of(resnet18()) == {}
    assert variant_of(resnet18(num_classes=1000, in_channels=1)) == {"in_channels": 1}
    assert variant_of(object()) is None
    parts = variant_of(assemble(backbone="ResNet18", head="FCNHead"))
    assert parts is not None
    assert parts.keys() == {"backbone", "head"}


def test_things_of_third_parties_by_the_same_names_are_passed_over() -> None:
    strange = SimpleNamespace(parts=["a"], in_channels="three")
    found = described(strange, Metadata())
    assert (found.parts_of, found.in_channels, found.constructor) == ({}, None, None)


def test_the_repository_version_and_whether_it_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=b", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    (tmp_path / "checkpointed_net.py").write_text("class Net: ...\n")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "x")
    monkeypatch.syspath_prepend(str(tmp_path))
    cls = __import__("checkpointed_net").Net
    commit = git("rev-parse", "HEAD")
    assert repository_version(cls) == Code(commit=commit, dirty=False)
    (tmp_path / "checkpointed_net.py").write_text("class Net: pass\n")
    assert repository_version(cls) == Code(commit=commit, dirty=False)  # what is imported is what was there before
    _version.cache_clear()
    assert repository_version(cls) == Code(commit=commit, dirty=True)
    assert repository_version(dict) is None
    del sys.modules["checkpointed_net"]
