from __future__ import annotations

from pathlib import Path

import pytest

from farm.host.gate import FOLDER, Gate, Standing


def test_what_was_written_last_stands(tmp_path: Path) -> None:
    gate = Gate(tmp_path, "numpy", "unit/1")
    assert gate.read() == Standing(accept=True, reason="", at_once=None)
    gate.write(Standing(False, "new firmware", 2))
    assert Gate(tmp_path, "numpy", "unit/1").read() == Standing(False, "new firmware", 2)
    gate.write(Standing(True))
    assert gate.read().accept


def test_each_unit_has_its_own(tmp_path: Path) -> None:
    Gate(tmp_path, "numpy", "a").write(Standing(False))
    assert Gate(tmp_path, "numpy", "b").read().accept
    assert Gate(tmp_path, "torch", "a").read().accept


def test_closing_keeps_what_else_was_told(tmp_path: Path) -> None:
    gate = Gate(tmp_path, "numpy", "a")
    gate.write(Standing(True, "", 3))
    gate.close("the store is away")
    assert gate.read() == Standing(False, "the store is away", 3)


@pytest.mark.parametrize("spoilt", [b"", b"{", b'{"accept": "perhaps"}'])
def test_a_spoilt_file_counts_as_none(tmp_path: Path, spoilt: bytes) -> None:
    gate = Gate(tmp_path, "numpy", "a")
    gate.write(Standing(False))
    (path,) = (tmp_path / FOLDER).iterdir()
    path.write_bytes(spoilt)
    assert gate.read() == Standing()
