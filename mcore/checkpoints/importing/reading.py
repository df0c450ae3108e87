"""Files of weights as others wrote them; nothing in them is run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mcore.checkpoints.errors import CheckpointError
from mcore.platform.errors import FormatError
from mcore.platform.format.tensors import tensors_from_bytes
from mcore.pretrained.manifest import MANIFEST, Manifest, PretrainedError

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A file's weights by its own names, its sha256, and what it says beside them: fields of the metadata."""

    weights: Mapping[str, np.ndarray]
    sha256: str
    facts: dict[str, Any] = field(default_factory=dict)
    task: str = ""
    layout: str = ""


def read_foreign(path: Path) -> Foreign:
    """Read ``.safetensors``, or what ``torch.save`` wrote of tensors and plain data.

    Weights may lie alone, or below ``state_dict``, ``model`` and the like, as training loops keep them (mmsegmentation's and
    mmdetection's too, whose ``meta`` names classes and epoch). Where ``manifest.json`` of :mod:`mcore.pretrained` lies beside,
    it is believed.

    Raises:
        CheckpointError: it holds no weights, or more than may be read without running it; the text is one line.
    """
    try:
        with path.open("rb") as file:  # torch reads the file itself: it is not to be in memory twice
            data = file.read() if path.suffix == ".safetensors" else None
            sha256 = (hashlib.sha256(data) if data is not None else hashlib.file_digest(file, "sha256")).hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    if data is not None:
        try:
            found = tensors_from_bytes(data, file=str(path))
        except FormatError as error:
            raise CheckpointError(str(error)) from None
        if not found.tensors:
            raise CheckpointError(f"{path}: holds no weights")
        manifest = _manifest(path, sha256)
        return Foreign(found.tensors, sha256, *manifest) if manifest else Foreign(found.tensors, sha256)
    try:
        from mcore.torch_backend.state_file import read_file, state_in
    except ModuleNotFoundError:
        raise CheckpointError(f"{path}: only torch reads it, which is not installed") from None
    try:
        content = read_file(path)
        return Foreign(state_in(content, path), sha256, _facts(content))
    except PretrainedError as error:
        raise CheckpointError(str(error)) from None


def _facts(content: Any) -> dict[str, Any]:
    """What a training loop's file says beside the weights, as far as it has a place in the metadata."""
    if not isinstance(content, Mapping):
        return {}
    meta = content.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    dataset = meta.get("dataset_meta")
    dataset = dataset if isinstance(dataset, Mapping) else {}
    facts: dict[str, Any] = {}
    for given in (meta.get("CLASSES"), dataset.get("classes"), dataset.get("CLASSES")):
        if isinstance(given, list | tuple) and given and all(isinstance(c, str) and 0 < len(c) <= 256 for c in given):
            facts["classes"] = tuple(given)
    counted = {
        "epoch": (content.get("epoch"), meta.get("epoch")),
        "step": (content.get("global_step"), meta.get("iter")),
    }
    for name, values in counted.items():
        found = [v for v in values if isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 1 << 63]
        facts |= {name: found[0]} if found else {}
    return facts


def _manifest(path: Path, sha256: str) -> tuple[dict[str, Any], str, str] | None:
    """Facts, task and layout of the manifest beside pretrained weights; ``None`` without one."""
    place = path.parent / MANIFEST
    if path.name != "weights.safetensors" or not place.is_file():
        return None
    try:
        manifest = msgspec.json.decode(place.read_bytes(), type=Manifest)
    except (msgspec.MsgspecError, OSError) as error:
        raise CheckpointError(f"{place}: {error}") from None
    if manifest.sha256 != sha256:
        raise CheckpointError(f"{path}: sha256 is {sha256[:12]}..., the manifest says {manifest.sha256[:12]}...")
    letters = all(len(channel) == 1 for channel in manifest.channels)
    facts: dict[str, Any] = {
        "source": manifest.source,
        "dataset": manifest.dataset,
        # R, G, B of a manifest is the group RGB of a checkpoint.
        "channels": ("".join(manifest.channels),) if letters and manifest.channels else manifest.channels,
    }
    if manifest.normalisation is not None:
        facts["normalisation"] = msgspec.to_builtins(manifest.normalisation)
    return facts, manifest.task, manifest.layout
