"""Weights that are handed over, and read again."""

import gc
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from mcore.platform.bundle import FileEntry
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.format import stored, tensors_to_bytes
from mcore.platform.format.stored import LARGE, loading_weights
from mcore.platform.graph import TensorType

#: Large ones and small ones, some that lie in two blocks or three.
SIZES = {"a": 7, "b": LARGE // 4, "c": 10 * LARGE, "d": LARGE // 4 - 1, "e": LARGE // 4 + 5, "f": 0, "g": LARGE}


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(size).astype(np.float32) for name, size in SIZES.items()}


@pytest.fixture
def folder(tmp_path, weights):
    (tmp_path / "weights.safetensors").write_bytes(tensors_to_bytes(weights))
    return tmp_path


def loaded(folder):
    data = (folder / "weights.safetensors").read_bytes()
    with loading_weights(folder, FileEntry(hashlib.sha256(data).hexdigest(), len(data))) as finish:
        return finish()


def resident():
    """Memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_what_was_written_is_handed_over_and_read_again(folder, weights):
    found = loaded(folder)
    for _ in range(3):
        for name, value in weights.items():
            array = found[name]
            np.testing.assert_array_equal(array, value, strict=True)
            assert array.ctypes.data % 64 == 0 or not array.size
            assert not array.flags.writeable


def test_a_small_one_stays_and_a_large_one_goes(folder):
    found = loaded(folder)
    assert found["d"] is found["d"]
    assert found["b"] is not found["b"]


def test_what_is_owned_may_be_written_to_and_nobody_sees_it(folder, weights):
    found = loaded(folder)
    for name in ("c", "d", "b", "c"):
        owned = found.own(name)
        np.testing.assert_array_equal(owned, weights[name])
        owned[:] = 7
        np.testing.assert_array_equal(found[name], weights[name])
    for name, value in weights.items():
        np.testing.assert_array_equal(found[name], value)


def test_names_and_types_are_known_without_taking_any(folder, weights, monkeypatch):
    found = loaded(folder)
    monkeypatch.setattr(found, "_again", lambda name: pytest.fail(f"{name} was read again"))
    assert list(found) == list(weights)
    assert len(found) == len(weights)
    assert "c" in found
    assert "z" not in found
    assert found.types["c"] == TensorType(DType.FLOAT32, (10 * LARGE,))
    for value in found.values():  # the first request needs no file
        assert value.dtype == np.float32
    with pytest.raises(KeyError):
        found["z"]


def test_memory_is_free_when_all_were_handed_over(folder):
    total = 4 * sum(SIZES.values())
    before = resident()
    found = loaded(folder)
    assert resident() - before > 0.7 * total
    for name in found:
        assert found[name].size == SIZES[name]
    assert resident() - before < 0.3 * total


def test_the_file_may_be_gone_by_then(folder, weights):
    found = loaded(folder)
    assert found["c"] is not None
    (folder / "weights.safetensors").unlink()
    np.testing.assert_array_equal(found["c"], weights["c"])


@pytest.mark.parametrize("when", ["before the first request", "later"])
@pytest.mark.parametrize("share", [0.2, 0.999])
def test_a_file_that_was_changed_is_refused_when_it_is_read_again(folder, when, share):
    found = loaded(folder)
    path = folder / "weights.safetensors"
    for name in ("c", "g"):
        assert found[name] is not None
    if when == "later":
        assert found["g"] is not None
    data = bytearray(path.read_bytes())
    data[int(len(data) * share)] ^= 1
    with open(path, "r+b") as file:  # the same file, which is open
        file.write(data)
    touched = "c" if share < 0.5 else "g"
    with pytest.raises(FormatError, match=r"^weights\.safetensors: changed since it was read$"):
        found[touched]
    os.truncate(path, 100)
    with pytest.raises(FormatError, match=r"^weights\.safetensors: changed while it was read$"):
        found["c"]


def test_the_file_is_closed_with_the_last_use(folder):
    before = len(os.listdir("/proc/self/fd"))
    found = loaded(folder)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    kept = found["c"]
    del found
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
    assert kept.size == SIZES["c"]


def test_a_file_that_is_not_its_hash_is_not_parsed(folder, monkeypatch):
    monkeypatch.setattr(stored, "tensors_in", lambda *_, **__: pytest.fail("parsed"))
    size = (folder / "weights.safetensors").stat().st_size
    with (
        loading_weights(folder, FileEntry("0" * 64, size)) as finish,
        pytest.raises(FormatError, match="the sha256 is not the manifest's"),
    ):
        finish()
