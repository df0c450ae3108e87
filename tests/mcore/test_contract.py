"""Both backends hold what the contract promises, under the same names and with the same signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from mcore import contract
from mcore.backend import Backend, bind
from mcore.convert import capture  # noqa: F401 (fills the table)
from mcore.convert.from_torch.table import MAPPINGS

PARTS = {
    "layers": contract.LAYERS,
    "module": contract.MODULE,
    "tensor": contract.TENSOR,
    "init": contract.INIT,
    "functional": contract.FUNCTIONAL,
}
NAMES = [(part, name) for part, names in PARTS.items() for name in names]

#: Of torch's functions: parameters that say where results go or how they are made, which the Platform does not take.
NOT_TAKEN = {"out", "generator"}


def parameters(function: Callable[..., Any]) -> dict[str, Any] | None:
    """Default by name, or ``None`` where there is no telling (torch's built-in functions)."""
    try:
        found = inspect.signature(function).parameters.values()
    except ValueError:
        return None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in found):
        return None
    return {p.name: p.default for p in found if p.name not in NOT_TAKEN}


def on(backend: Backend, part: str, name: str) -> Any:
    return bind(part, [name], backend)[name]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("backend", list(Backend))
def test_every_backend_has_every_name(part: str, backend: Backend) -> None:
    assert set(bind(part, PARTS[part], backend)) == set(PARTS[part])


@pytest.mark.parametrize("part", PARTS)
def test_no_name_is_there_twice(part: str) -> None:
    assert len(set(PARTS[part])) == len(PARTS[part])


@pytest.mark.parametrize(("part", "name"), NAMES, ids=[f"{p}.{n}" for p, n in NAMES])
def test_names_are_of_the_same_kind(part: str, name: str) -> None:
    ours, theirs = (on(b, part, name) for b in (Backend.PLATFORM, Backend.TORCH))
    assert isinstance(ours, type) == isinstance(theirs, type)
    assert callable(ours) == callable(theirs)


COMPARED = [(p, n) for p, n in NAMES if p in ("init", "functional") and parameters(on(Backend.TORCH, p, n)) is not None]


@pytest.mark.parametrize(("part", "name"), COMPARED, ids=[f"{p}.{n}" for p, n in COMPARED])
def test_signatures_are_the_same_where_both_have_one(part: str, name: str) -> None:
    ours, theirs = (parameters(on(b, part, name)) for b in (Backend.PLATFORM, Backend.TORCH))
    assert ours is not None
    assert theirs is not None
    assert list(ours.items()) == list(theirs.items())


@pytest.mark.parametrize("name", contract.FUNCTIONAL)
def test_whatever_a_model_file_may_call_can_be_converted(name: str) -> None:
    assert on(Backend.TORCH, "functional", name) in MAPPINGS


def test_signatures_were_compared() -> None:
    assert {"relu", "batch_norm", "interpolate", "kaiming_normal_", "layer_norm"} <= {name for _, name in COMPARED}
