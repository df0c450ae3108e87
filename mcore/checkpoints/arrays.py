"""Weights of models of either backend as arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mcore.checkpoints.errors import CheckpointError


def is_torch(value: Any) -> bool:
    """Whether it is a tensor of torch, told without importing torch."""
    return any(cls.__module__.partition(".")[0] == "torch" for cls in type(value).__mro__)


def to_array(value: Any) -> np.ndarray:
    """A tensor of torch or of the Platform, or an array, as an array that may share its memory."""
    if isinstance(value, np.ndarray):
        return value
    if is_torch(value):
        from mcore.convert.arrays import to_numpy

        return to_numpy(value)
    array: np.ndarray = value.numpy()
    return array


def arrays_of(model: Any) -> dict[str, np.ndarray]:
    """The state dict of a model; raises :class:`CheckpointError` where that holds more than tensors."""
    arrays = {}
    for name, value in model.state_dict().items():
        if not hasattr(value, "numpy") and not isinstance(value, np.ndarray):
            raise CheckpointError(f"{name} of {type(model).__name__} is a {type(value).__name__}, not a tensor")
        arrays[name] = to_array(value)
    return arrays


def load_arrays(model: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Copy arrays of the right names and shapes into a model, each in the element type that the model has."""
    if not arrays:
        return
    # Weights lie in read-only memory, and a network may take what it is given as its own.
    given: dict[str, Any] = {name: np.array(array) for name, array in arrays.items()}
    if any(is_torch(value) for value in model.state_dict().values()):
        from mcore.convert.arrays import from_numpy

        given = {name: from_numpy(array) for name, array in given.items()}
    else:
        from mcore.platform.eager.tensor import Tensor

        given = {name: Tensor(array) for name, array in given.items()}
    model.load_state_dict(given, strict=False)
