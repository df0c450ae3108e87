"""Putting a checkpoint file that one has where networks look for it, in the safe format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mcore.platform.errors import FormatError
from mcore.platform.format.atomic import place, staging_folder, write_files
from mcore.platform.format.tensors import tensors_from_bytes, tensors_to_bytes
from mcore.pretrained.manifest import MANIFEST, WEIGHTS, Manifest, PretrainedError, folder_of


def install(file: str | Path, *, family: str, name: str, overwrite: bool = False, **facts: Any) -> Path:
    """Copy the weights in ``file`` to the folder of a network.

    Args:
        file: a state dict: ``.safetensors``, or what ``torch.save`` wrote (torch must be installed; only tensors are
            unpickled).
        family: folder of the network's family.
        name: of the network.
        overwrite: replace weights that are there.
        facts: of the :class:`~mcore.pretrained.manifest.Manifest`, but for the hash.

    Returns:
        The folder.

    Raises:
        PretrainedError: the file is no state dict, or a fact is not one of a manifest.
        FileExistsError: weights are there, and ``overwrite`` is false.
    """
    path = Path(file)
    try:
        data = tensors_to_bytes(_state(path), file=str(path))
        manifest = msgspec.convert({"sha256": hashlib.sha256(data).hexdigest(), **facts}, Manifest)
    except (FormatError, msgspec.ValidationError) as error:
        raise PretrainedError(str(error)) from None
    target = folder_of(family, name)
    staging = staging_folder(target)
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    write_files(staging, [(WEIGHTS, data), (MANIFEST, text)])
    place(staging, target, overwrite=overwrite)
    return target


def _state(path: Path) -> Mapping[str, np.ndarray]:
    try:
        if path.suffix == ".safetensors":
            return tensors_from_bytes(path.read_bytes(), file=str(path)).tensors
        from mcore.torch_backend.state_file import read_state
    except OSError as error:
        raise PretrainedError(f"{path}: cannot be read: {error.strerror}") from None
    except ModuleNotFoundError:
        raise PretrainedError(
            f"{path}: only torch reads it, which is not installed; give a .safetensors file"
        ) from None
    return read_state(path)
