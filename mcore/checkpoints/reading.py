"""Reading what is stored: every tensor is held against its hash before anybody computes with it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from mcore.checkpoints import files, layout
from mcore.checkpoints.errors import CheckpointError, DamagedError
from mcore.checkpoints.record import Checkpoint, StoredTensor


def read_tensors(root: Path, tensors: Iterable[StoredTensor]) -> dict[str, np.ndarray]:
    """Tensors by name, in the order given, read-only.

    Raises:
        DamagedError: a file is missing, or a tensor in it is not what was stored.
    """
    wanted = list(tensors)
    found: dict[str, np.ndarray] = {}
    for pack, members in _by_pack(wanted).items():
        arrays = _arrays(root, pack, members)
        found |= {tensor.name: _verified(root / pack, arrays.get(tensor.key), tensor) for tensor in members}
    return {tensor.name: found[tensor.name] for tensor in wanted}


def damage_of(root: Path, tensors: Iterable[StoredTensor]) -> list[str]:
    """What is wrong with tensors, all of it, a line each; every file is read once."""
    said = set()
    for pack, members in _by_pack(tensors).items():
        try:
            arrays = _arrays(root, pack, members)
        except DamagedError as error:
            said.add(str(error))
            continue
        for tensor in members:
            try:
                _verified(root / pack, arrays.get(tensor.key), tensor)
            except DamagedError as error:
                said.add(str(error))
    return sorted(said)


def read_state(root: Path, checkpoint: Checkpoint) -> bytes:
    """The training state of a checkpoint."""
    if checkpoint.state is None:
        raise CheckpointError(f"{checkpoint.id} was saved without the state of its training")
    path = root / layout.state_of(layout.home_of(checkpoint), checkpoint.id)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != checkpoint.state:
        raise DamagedError(f"{path}: is not what was stored: its sha256 is another")
    return data


def _by_pack(tensors: Iterable[StoredTensor]) -> dict[str, list[StoredTensor]]:
    found: dict[str, list[StoredTensor]] = defaultdict(list)
    for tensor in tensors:
        found[tensor.pack].append(tensor)
    return found


def _arrays(root: Path, pack: str, members: list[StoredTensor]) -> Mapping[str, np.ndarray]:
    if not layout.is_pack(pack):
        raise DamagedError(f"{members[0].name}: {pack!r} is no place for weights")
    return files.read_pack(root / pack)[0]


def _verified(path: Path, array: np.ndarray | None, tensor: StoredTensor) -> np.ndarray:
    if array is None:
        raise DamagedError(f"{path}: {tensor.key} is missing")
    if files.content_hash(array) != tensor.sha256:
        raise DamagedError(f"{path}: {tensor.key} is not what was stored: its sha256 is another")
    return array
