"""The state of a training: optimiser, scheduler, random generators; as a safetensors file, so that nothing is unpickled.

Tensors and arrays are the file's; all else is JSON in its header, numbers to the last bit.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from mcore.checkpoints.errors import CheckpointError, DamagedError
from mcore.checkpoints.files import pack_bytes
from mcore.convert.arrays import from_numpy, to_numpy
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.format.tensors import tensors_from_bytes

_RANDOM = "random generators"


def state_bytes(parts: Mapping[str, Any]) -> bytes:
    """The states of ``parts``, whatever has ``state_dict``, and of the random generators of Python, NumPy and torch.

    Raises:
        CheckpointError: a state holds what has no place in the file; the text names it.
    """
    tree = {name: part.state_dict() for name, part in parts.items()}
    tensors: dict[str, np.ndarray] = {}
    text = json.dumps(_encode({**tree, _RANDOM: _generators()}, "state", tensors), separators=(",", ":"))
    return pack_bytes(tensors, {"state": text}, "state")


def load_state(data: bytes, parts: Mapping[str, Any]) -> None:
    """Give ``parts`` and the random generators the states that :func:`state_bytes` took.

    Raises:
        CheckpointError: a part was not saved, or what was saved is not given.
        DamagedError: ``data`` is no such file.
    """
    try:
        found = tensors_from_bytes(data, file="state")
        tree = _decode(json.loads(found.metadata["state"]), found.tensors)
    except (FormatError, KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"the state of the training cannot be read: {error}") from None
    generators = tree.pop(_RANDOM)
    if tree.keys() != parts.keys():
        raise CheckpointError(
            f"the state is of {', '.join(tree) or 'nothing'}; wanted is {', '.join(parts) or 'nothing'}"
        )
    for name, part in parts.items():
        part.load_state_dict(tree[name])
    _set_generators(generators)


def _generators() -> dict[str, Any]:
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _set_generators(states: Mapping[str, Any]) -> None:
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.device_count() == len(states["cuda"]):
        torch.cuda.set_rng_state_all(states["cuda"])


def _encode(value: Any, where: str, tensors: dict[str, np.ndarray]) -> Any:
    """``value`` as JSON: a list whose first member says what it is."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return ["plain", value]
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", value.hex()]
    if isinstance(value, torch.Tensor):
        return ["tensor", _put(to_numpy(value), where, tensors)]
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise CheckpointError(f"{where} is an array of Python objects, which has no place in a saved state")
        # Of any element type, such as the unsigned integers of NumPy's generator: its bytes.
        flat = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
        return ["array", _put(flat, where, tensors), value.dtype.str, list(value.shape)]
    if isinstance(value, Mapping):
        return [
            "dict",
            [[_encode(k, where, tensors), _encode(v, f"{where}[{k!r}]", tensors)] for k, v in value.items()],
        ]
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return [kind, [_encode(v, f"{where}[{i}]", tensors) for i, v in enumerate(value)]]
    raise CheckpointError(f"{where} is a {type(value).__name__}, which has no place in a saved state")


def _put(array: np.ndarray, where: str, tensors: dict[str, np.ndarray]) -> str:
    try:
        DType.of(array)
    except ValueError:
        raise CheckpointError(f"{where} has element type {array.dtype}, which has no place in a saved state") from None
    key = str(len(tensors))
    tensors[key] = array
    return key


def _decode(value: Any, tensors: Mapping[str, np.ndarray]) -> Any:
    kind, content, *more = value
    if kind == "plain":
        return content
    if kind == "int":
        return int(content)
    if kind == "float":
        return float.fromhex(content)
    if kind == "tensor":
        return from_numpy(np.array(tensors[content]))
    if kind == "array":
        return np.array(tensors[content]).view(np.dtype(more[0])).reshape(more[1])
    if kind == "dict":
        return {_decode(k, tensors): _decode(v, tensors) for k, v in content}
    if kind in ("list", "tuple"):
        items = [_decode(item, tensors) for item in content]
        return items if kind == "list" else tuple(items)
    raise ValueError(f"unknown kind {kind!r}")
