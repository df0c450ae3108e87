"""Where weights are found, and when they are others than before."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mcore.pretrained import find, fingerprint
from mcore.pretrained.manifest import MANIFEST, WEIGHTS, PretrainedError, read


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of ``resnet/resnet18``, with two files that need not be weights to have a fingerprint."""
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path))
    found = tmp_path / "pretrained" / "resnet" / "resnet18"
    found.mkdir(parents=True)
    (found / MANIFEST).write_bytes(b"manifest")
    (found / WEIGHTS).write_bytes(b"weights")
    return found


@pytest.mark.parametrize("name", ["resnet18", "ResNet18"])
def test_weights_are_found_by_the_name_or_by_its_lower_case(name: str, folder: Path) -> None:
    assert find("resnet", name) == folder


def test_a_folder_of_just_that_name_goes_before_the_one_in_lower_case(folder: Path) -> None:
    own = folder.with_name("ResNet18")
    own.mkdir()
    assert find("resnet", "ResNet18") == own
    assert find("resnet", "resnet18") == folder


def test_nothing_is_found_under_another_family_or_without_a_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find("vgg", "resnet18") is None
    assert find("resnet", "resnet34") is None
    monkeypatch.delenv("FARM_CHECKPOINTS")
    assert find("resnet", "resnet18") is None


def test_the_fingerprint_is_of_both_files(folder: Path) -> None:
    parts = [hashlib.sha256(data).digest() for data in (b"manifest", b"weights")]
    assert fingerprint(folder) == hashlib.sha256(b"".join(parts)).hexdigest()


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS])
def test_another_file_or_none_has_another_fingerprint(name: str, folder: Path) -> None:
    seen = {fingerprint(folder)}
    (folder / name).write_bytes(b"other")
    seen.add(fingerprint(folder))
    (folder / name).unlink()
    seen.add(fingerprint(folder))
    assert len(seen) == 3


def test_bytes_that_move_from_one_file_to_the_other_are_seen(folder: Path) -> None:
    before = fingerprint(folder)
    (folder / MANIFEST).write_bytes(b"manifestw")
    (folder / WEIGHTS).write_bytes(b"eights")
    assert fingerprint(folder) != before


def test_a_manifest_that_may_not_be_read_is_said_in_a_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_file: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(PretrainedError, match=r"manifest\.json: cannot be read: Permission denied$"):
        read(folder)
