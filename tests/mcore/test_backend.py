"""Which backend is chosen, and what is said when one lacks what was promised."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import pytest

from mcore import backend
from mcore.backend import BACKEND, Backend, bind, chosen
from mcore.platform.errors import BackendError
from tests.mcore.processes import output, python


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize(("installed", "expected"), [(True, Backend.TORCH), (False, Backend.PLATFORM)])
def test_unset_it_is_torch_where_torch_is(
    value: str | None, installed: bool, expected: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec("json") if installed else None
    monkeypatch.setattr(backend, "find_spec", {"torch": found}.__getitem__)
    assert chosen(value) is expected


@pytest.mark.parametrize("choice", list(Backend))
def test_set_it_is_what_it_says(choice: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "find_spec", pytest.fail)
    assert chosen(choice.value) is choice


@pytest.mark.parametrize("value", ["numpy", "Torch", "torch "])
def test_an_unknown_one_is_one_line_with_the_choices(value: str) -> None:
    with pytest.raises(BackendError) as caught:
        chosen(value)
    assert str(caught.value) == (
        f"MCORE_BACKEND={value!r} names no backend: set it to torch or platform, or leave it unset"
    )


def test_an_unknown_one_stops_the_program_at_its_first_import() -> None:
    done = python("import models", backend="tensorflow")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("mcore.platform.errors.BackendError: MCORE_BACKEND='tensorflow' names no backend")


def test_it_is_read_once() -> None:
    code = """
import os, mcore.backend
os.environ["MCORE_BACKEND"] = "torch"
import mcore.layers, sys
print(mcore.backend.BACKEND, "torch" in sys.modules)
"""
    assert output(code, backend="platform") == "platform False"


def test_everything_missing_is_in_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    space: Any = ModuleType("mcore.torch_backend.partial")
    space.there = 1
    monkeypatch.setitem(sys.modules, space.__name__, space)
    assert bind("partial", ["there"], Backend.TORCH) == {"there": 1}
    with pytest.raises(BackendError) as caught:
        bind("partial", ["gone", "there", "lost"], Backend.TORCH)
    assert str(caught.value) == "mcore.torch_backend.partial lacks what mcore.partial promises: gone, lost"


def test_torch_that_is_asked_for_must_be_installed() -> None:
    done = python("import mcore.layers", backend="torch", torch=False)
    assert done.stderr.strip().splitlines()[-1] == (
        "mcore.platform.errors.BackendError: the backend is torch, which is not installed: "
        "install torch, or set MCORE_BACKEND=platform"
    )


def test_another_module_that_is_missing_is_not_torch_s_fault() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"mcore\.platform\.eager\.nothing"):
        bind("nothing", [], Backend.PLATFORM)


def test_a_device_host_without_torch_gets_the_platform() -> None:
    code = "import mcore.backend, mcore.layers; print(mcore.backend.BACKEND, mcore.layers.Conv2d.__module__)"
    blocked = "import importlib.util; importlib.util.find_spec = lambda name, package=None: None\n"
    assert output(blocked + code, backend=None, torch=False) == "platform mcore.platform.eager.layers.convolution"
    assert BACKEND is Backend.TORCH
