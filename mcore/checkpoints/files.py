"""Single files, written whole or not at all, and read without being mapped: a file that shrinks meanwhile kills no process."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mcore.checkpoints.errors import CheckpointError, DamagedError, StoreUnavailableError
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.format.atomic import sync_folder
from mcore.platform.format.files import read_all
from mcore.platform.format.tensors import tensors_from_bytes, tensors_to_bytes

#: Of a metadata file, in bytes: a checkpoint of 65,536 tensors has 30 MB.
DOCUMENT_BYTES = 64 << 20


def place(path: Path, data: bytes) -> None:
    """Write ``path``, in the place of any file that is there: at no moment is there half a file under its name.

    Raises:
        StoreUnavailableError: it cannot be written: the disk is full, say, or not writable.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(8)}.tmp"
    try:
        _made(path.parent)
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreUnavailableError(f"{path}: cannot be written: {error.strerror}") from None


def remove(path: Path) -> int:
    """Remove a file that may be there; gives the bytes that it took."""
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreUnavailableError(f"{path}: cannot be removed: {error.strerror}") from None
    sync_folder(path.parent)
    return size


def read(path: Path) -> bytes:
    """The content of a metadata file; raises :class:`DamagedError` where there is none, or far too much."""
    try:
        with open(path, "rb") as file:
            data = file.read(DOCUMENT_BYTES + 1)
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > DOCUMENT_BYTES:
        raise DamagedError(f"{path}: more than {DOCUMENT_BYTES} bytes")
    return data


def read_pack(path: Path) -> tuple[Mapping[str, np.ndarray], Mapping[str, str]]:
    """Tensors of a safetensors file by name (read-only), and the texts of its header.

    Raises:
        DamagedError: it is missing, or no such file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        found = tensors_from_bytes(read_all(descriptor, str(path)).whole(), file=str(path))
    except (FormatError, OSError) as error:
        raise DamagedError(str(error)) from None
    finally:
        os.close(descriptor)
    return found.tensors, found.metadata


def pack_bytes(tensors: Mapping[str, np.ndarray], texts: Mapping[str, str], path: str) -> bytes:
    """A safetensors file; raises :class:`CheckpointError` for a name or element type that the format does not have."""
    try:
        return tensors_to_bytes(tensors, texts, file=path)
    except FormatError as error:
        raise CheckpointError(str(error)) from None


def content_hash(array: np.ndarray) -> str:
    """sha256 of a tensor: its element type, its shape and its bytes in little-endian C order."""
    dtype = DType.of(array)
    digest = hashlib.sha256(f"{dtype.value}:{','.join(map(str, array.shape))}:".encode())
    stored = np.ascontiguousarray(array, dtype.numpy.newbyteorder("<"))
    digest.update(stored.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _made(folder: Path) -> None:
    """Make a folder and those above it that are not there; their names are on the disk when this is done."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        try:
            made.mkdir()
        except OSError as error:
            if error.errno != errno.EEXIST or not made.is_dir():
                raise
        sync_folder(made.parent)
