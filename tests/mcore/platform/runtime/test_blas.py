import subprocess
import sys

import numpy as np
import pytest

from mcore.platform.runtime.blas import Blas, current


@pytest.mark.parametrize(
    ("core", "has"),
    [("SkylakeX", True), ("Cooperlake", True), ("SapphireRapids", True), ("Haswell", False), ("", False)],
)
def test_cores_with_a_small_kernel(core: str, has: bool) -> None:
    assert Blas(core).has_small_kernel is has


def test_the_core_is_read_once() -> None:
    assert current() is current()


@pytest.mark.parametrize("core", ["Haswell", "Nehalem"])
def test_the_core_is_the_one_that_openblas_uses(core: str) -> None:
    if not current().core:
        pytest.skip("NumPy does not bring OpenBLAS here")
    if np.show_config(mode="dicts")["Machine Information"]["host"]["cpu"] != "x86_64":
        pytest.skip("these cores are of x86-64")
    code = "from mcore.platform.runtime.blas import current; print(current().core)"
    environment = {"OPENBLAS_CORETYPE": core, "PYTHONPATH": ":".join(sys.path)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == core


def test_another_library_is_no_core(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    current.cache_clear()
    monkeypatch.setattr(np, "__file__", f"{tmp_path}/numpy/__init__.py")
    try:
        assert current() == Blas("")
    finally:
        current.cache_clear()
