"""The toolchain that is told without importing torch is the one that a conversion writes down."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from farm.conversion.runner import convert_items
from farm.conversion.wire import Result
from mcore.platform.format import read_manifest
from mcore.toolchain import toolchain
from tests.farm.conversion.modelcode import item, network, write_models


def test_it_is_what_a_manifest_says(tmp_path: Path) -> None:
    source = write_models(tmp_path / "source", {"good": network("net")})
    (result,) = [e for e in convert_items(source, [item("good", "net", tmp_path)]) if isinstance(e, Result)]
    assert result.outcome is None, result.message
    assert dict(read_manifest(tmp_path / "net").toolchain) == toolchain()


def test_it_imports_none_of_what_it_names() -> None:
    code = (
        "import sys; from mcore.toolchain import toolchain; toolchain(); print({'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_what_is_not_installed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("mcore.toolchain.version", absent)
    assert (toolchain()["torch"], toolchain()["numpy"]) == ("none", "none")
    assert toolchain()["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
