"""Capsules on the disk: what is written is read, and what was changed is refused."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path

import pytest

from mcore.platform.format import read_bundle, verified_files
from tests.workers.capsule.capsules import make_capsule, write
from workers.capsule import CapsuleDamaged, CapsuleError, CapsuleMissing, read_capsule, write_capsule
from workers.capsule.folder import SUMS
from workers.report import CaseReport, LayerError, TensorError
from workers.spread import Spread


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, make_capsule(tmp_path, {"mode": "exact"}, really=False))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    capsule = make_capsule(tmp_path, {"mode": "exact"}, really=False)
    layer = LayerError("v1", "conv2d", "stem", 0.3, True, "Conv2d", 0.4, 1e-6, "conv2d(float32)")
    tensor = TensorError("out", 1e-6, 1e-6, 110.0, 1.0, 0.0, None, Spread(4, 1.0, ((0.5, 0.1),)), "conv2d", 1)
    case = CaseReport("16x16", capsule.expected.outcome, "m", (tensor,), 3.0, layer, capsule.expected.outcome, "f")
    capsule = replace(capsule, expected=replace(capsule.expected, cases=(case,), unsupported=("tanh",)))
    made = write(tmp_path, capsule)
    assert read_capsule(made) == capsule
    assert str(read_bundle(made / "bundle").manifest.identity) == capsule.bundle


def test_the_list_is_of_all_files_as_sha256sum_reads_it(folder: Path) -> None:
    listed = dict(line.split("  ")[::-1] for line in (folder / SUMS).read_text().splitlines())
    assert set(listed) == {str(path.relative_to(folder)) for path in files(folder)} - {SUMS}
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_one_bit_that_is_another_anywhere_is_refused(folder: Path) -> None:
    rng = random.Random(1)
    for path in files(folder):
        before = path.read_bytes()
        path.chmod(0o644)
        for place in {0, len(before) - 1, *(rng.randrange(len(before)) for _ in range(6))}:
            changed = bytearray(before)
            changed[place] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
            with pytest.raises(CapsuleDamaged) as refused:
                read_capsule(folder)
            assert str(folder) in str(refused.value)
            assert "\n" not in str(refused.value)
        path.write_bytes(before)
    read_capsule(folder)


def test_what_is_cut_off_or_missing_is_refused(folder: Path) -> None:
    for path in files(folder):
        before = path.read_bytes()
        for half in (before[: len(before) // 2], b""):
            path.write_bytes(half)
            with pytest.raises(CapsuleDamaged):
                read_capsule(folder)
        path.unlink()
        with pytest.raises(CapsuleError):
            read_capsule(folder)
        path.write_bytes(before)


def test_what_is_no_capsule_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CapsuleMissing, match="no such folder; unpack the capsule first"):
        read_capsule(tmp_path / "absent.tar")
    with pytest.raises(CapsuleMissing, match="no capsule, it has no SHA256SUMS"):
        read_capsule(tmp_path)


def test_a_list_that_leads_out_of_the_folder_is_refused(folder: Path) -> None:
    outside = hashlib.sha256(b"").hexdigest()
    for name in ("../x", "bundle/../../x", "/etc/passwd"):
        text = (folder / SUMS).read_text()
        (folder / SUMS).write_text(f"{text}{outside}  {name}\n")
        with pytest.raises(CapsuleDamaged, match="not a list of checksums"):
            read_capsule(folder)
        (folder / SUMS).write_text(text)


def test_another_version_is_told_from_damage(tmp_path: Path) -> None:
    made = write(tmp_path, make_capsule(tmp_path, {}, really=False), schema="farm-capsule/9", made_by="9.0")
    with pytest.raises(CapsuleError, match=r"it is farm-capsule/9, made by 9\.0; this version reads farm-capsule/1"):
        read_capsule(made)


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path, folder: Path) -> None:
    before = {path: path.read_bytes() for path in files(folder)}
    with pytest.raises(FileExistsError):
        write_capsule(folder, read_capsule(folder), verified_files(tmp_path / "bundle"))
    assert {path: path.read_bytes() for path in files(folder)} == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
