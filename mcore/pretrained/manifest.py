"""Where pretrained weights lie, and what their manifest says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from mcore.platform.errors import FormatError
from mcore.platform.format.tensors import tensors_from_bytes

VARIABLE = "FARM_CHECKPOINTS"
MANIFEST = "manifest.json"
WEIGHTS = "weights.safetensors"


class PretrainedError(ValueError):
    """Pretrained weights are not there, cannot be trusted or do not fit; one line that says what to do."""


class Normalisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input is ``(image - mean) / std``, by channel, of an image of values from 0 to ``peak``."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    peak: float = 1.0


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``manifest.json`` beside the weights.

    Args:
        sha256: of ``weights.safetensors``, in hexadecimal.
        source: where the weights come from: a URL, or words.
        task: what they were trained for.
        layout: whose names the keys are: ``native``, or one for which the network declares a key map.
        channels: meaning of each input channel, such as ``R``.
        normalisation: of the input.
        dataset: that they were trained on.
    """

    sha256: str
    source: str
    task: str
    layout: str = "native"
    channels: tuple[str, ...] = ()
    normalisation: Normalisation | None = None
    dataset: str = ""


class Stored(NamedTuple):
    """What a folder holds, and the :func:`fingerprint` of the very bytes that it was read from."""

    manifest: Manifest
    weights: Mapping[str, np.ndarray]
    fingerprint: str


def root() -> Path:
    """The folder of all pretrained weights; raises :class:`PretrainedError` where none is configured."""
    configured = os.environ.get(VARIABLE)
    if not configured:
        raise PretrainedError(
            f"no folder of checkpoints is configured: set {VARIABLE} to one that has pretrained/<family>/<name>"
        )
    return Path(configured) / "pretrained"


def folder_of(family: str, name: str) -> Path:
    """The folder of one network's weights, below the root."""
    return root() / family / name


def find(family: str, name: str) -> Path | None:
    """The folder of a network's weights, named as it is or in lower case.

    ``None`` where there is neither, or where no root is configured.
    """
    if not os.environ.get(VARIABLE):
        return None
    folders = (folder_of(family, spelled) for spelled in (name, name.lower()))
    return next((folder for folder in folders if folder.is_dir()), None)


def fingerprint(folder: Path) -> str:
    """A sha256 of manifest and weights as they lie there, verified or not; what cannot be read counts as empty."""
    digests = []
    for name in (MANIFEST, WEIGHTS):
        try:
            with (folder / name).open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            digests.append(hashlib.sha256().digest())
    return _fingerprint(*digests)


def read(folder: Path) -> Stored:
    """Manifest and weights of ``folder``, the weights verified against their hash; each file is read once.

    Raises:
        PretrainedError: they are not there, or not what the manifest says.
    """
    if not (folder / MANIFEST).is_file():
        raise PretrainedError(
            f"no pretrained weights in {folder}: put them there by 'python -m mcore.pretrained install FILE "
            f"--family {folder.parent.name} --name {folder.name} ...'"
        )
    text = _bytes_of(folder / MANIFEST)
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise PretrainedError(f"{folder / MANIFEST}: {error}") from None
    data = _bytes_of(folder / WEIGHTS)
    found = hashlib.sha256(data)
    if found.hexdigest() != manifest.sha256:
        raise PretrainedError(
            f"{folder / WEIGHTS}: sha256 is {found.hexdigest()[:12]}..., the manifest says {manifest.sha256[:12]}..."
        )
    try:
        weights = tensors_from_bytes(data, file=str(folder / WEIGHTS)).tensors
    except FormatError as error:
        raise PretrainedError(str(error)) from None
    return Stored(manifest, weights, _fingerprint(hashlib.sha256(text).digest(), found.digest()))


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PretrainedError(f"{file}: cannot be read: {error.strerror}") from None


def _fingerprint(manifest: bytes, weights: bytes) -> str:
    """Of the digests of both files."""
    return hashlib.sha256(manifest + weights).hexdigest()
