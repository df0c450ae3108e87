"""State dicts that ``torch.save`` wrote, read without running what is in them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mcore.convert.arrays import to_numpy
from mcore.pretrained.manifest import PretrainedError

#: Under these keys training loops keep the state dict beside other things.
_NESTED = ("state_dict", "model", "model_state_dict", "state_dict_ema")
_PREFIX = "module."


def read_state(path: Path) -> Mapping[str, np.ndarray]:
    """Tensors of the state dict in ``path`` by name, without the prefix of a data-parallel wrapper.

    Raises:
        PretrainedError: it cannot be read, holds more than tensors and plain data, or no state dict.
    """
    return state_in(read_file(path), path)


def read_file(path: Path) -> Any:
    """All that ``torch.save`` wrote into ``path``: tensors and plain data.

    Raises:
        PretrainedError: it cannot be read, or holds more than that.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise PretrainedError(f"{path}: cannot be read: {error.strerror}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise PretrainedError(f"{path}: not a file of plain tensors: {reason}") from None


def state_in(data: Any, path: Path) -> Mapping[str, np.ndarray]:
    """The state dict that ``data`` of the file is or holds; raises :class:`PretrainedError` where there is none."""
    for key in _NESTED:
        if isinstance(data, Mapping) and isinstance(data.get(key), Mapping):
            data = data[key]
            break
    if not isinstance(data, Mapping) or not data or not all(isinstance(v, torch.Tensor) for v in data.values()):
        raise PretrainedError(f"{path}: holds no state dict")
    return {str(key).removeprefix(_PREFIX): _array(str(key), value, path) for key, value in data.items()}


def _array(key: str, value: torch.Tensor, path: Path) -> np.ndarray:
    try:
        return to_numpy(value)
    except (TypeError, RuntimeError):  # such as sparse and quantised ones, and floats of 8 bits
        raise PretrainedError(
            f"{path}: {key} is a tensor of {value.dtype}, {value.layout}, which NumPy has not"
        ) from None
