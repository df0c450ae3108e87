"""state_dict of a module: taken, and loaded with one report of everything that does not fit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mcore.platform.eager.tensor import Tensor
from mcore.platform.eager.tree import Tree
from mcore.platform.errors import BackendError

StateDict = OrderedDict[str, Tensor]


class IncompatibleKeys(NamedTuple):
    """Keys of the module that were not given, and keys given that it does not have."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def state_of(module: Tree, prefix: str, keep_vars: bool) -> StateDict:
    """Parameters and persistent buffers of each module before those of its children, shared ones under every path."""
    state: StateDict = OrderedDict()
    for path, owner in module.named_modules(remove_duplicate=False):
        here = prefix + (f"{path}." if path else "")
        for name, value in (*owner._parameters.items(), *owner._buffers.items()):
            if value is not None and name not in owner._non_persistent_buffers_set:
                state[here + name] = value if keep_vars else value.detach()
    return state


def load_state(module: Tree, given: Mapping[str, Any], strict: bool) -> IncompatibleKeys:
    """Copy ``given`` into ``module``, all or nothing; see ``Module.load_state_dict``."""
    own = state_of(module, "", keep_vars=True)
    keys = IncompatibleKeys([k for k in own if k not in given], [k for k in given if k not in own])
    arrays = {key: np.asarray(given[key]) for key in own if key in given}
    shapes = [
        f"{key} is {arrays[key].shape}, the module has {own[key].shape}"
        for key in arrays
        if arrays[key].shape != own[key].shape
    ]
    problems = ["wrong shape: " + "; ".join(shapes)] if shapes else []
    if strict:
        problems += ["missing: " + ", ".join(keys.missing_keys)] if keys.missing_keys else []
        problems += ["unexpected: " + ", ".join(keys.unexpected_keys)] if keys.unexpected_keys else []
    if problems:
        raise BackendError(f"state_dict does not fit {type(module).__name__}: {' | '.join(problems)}")
    for key, array in arrays.items():
        own[key].numpy()[...] = own[key].dtype.cast(array)
    return keys
