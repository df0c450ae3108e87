"""Where things lie below the root of a store.

::

    <root>/
      backbones/<network>/weights/<id>.safetensors           tensors that no checkpoint had before, under their own names
      backbones/<network>/metadata/<id>.json                 what is known of it, and where each of its tensors lies
      networks/<task>/<network>/weights/<id>.safetensors
      networks/<task>/<network>/weights/<id>.state.safetensors   optimiser, scheduler, random generators: only if asked for
      networks/<task>/<network>/metadata/<id>.json
      .journal/<id>                                          a save or removal under way, or of a killed process
      checkpoints.sqlite                                     the index, unless it is elsewhere
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from mcore.checkpoints.errors import CheckpointError
from mcore.checkpoints.record import NAME, Checkpoint

DATABASE = "checkpoints.sqlite"
JOURNAL = ".journal"
METADATA, WEIGHTS = "metadata", "weights"
PACK, STATE, DOCUMENT = ".safetensors", ".state.safetensors", ".json"

#: Of ``networks/<task>/<network>/metadata/<id>.json`` and the like: names that this module made, and no others.
_ID = r"\d{8}T\d{9}-[0-9a-f]{8}"
_NAME = NAME.strip("^$")
_HOME = rf"(?:backbones/{_NAME}|networks/{_NAME}/{_NAME})"
_DOCUMENT = re.compile(rf"{_HOME}/{METADATA}/({_ID})\.json", re.ASCII)
_PACK = re.compile(rf"{_HOME}/{WEIGHTS}/({_ID})\.safetensors", re.ASCII)
_STATE = re.compile(rf"{_HOME}/{WEIGHTS}/({_ID})\.state\.safetensors", re.ASCII)


def new_id(now: datetime) -> str:
    """An id that no other checkpoint has; ids sort by the time they were made."""
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}-{secrets.token_hex(4)}"


def home(kind: str, task: str, network: str) -> str:
    """The folder of a network's checkpoints.

    Raises:
        CheckpointError: a name is none, a network has no task, or a backbone has one.
    """
    for what, name in (("network", network), *((("task", task),) if task else ())):
        if not re.fullmatch(_NAME, name, re.ASCII):
            raise CheckpointError(f"{what} {name!r} is no name: letters, digits and _ . + = - only")
    if kind == "backbone":
        if task:
            raise CheckpointError(f"backbone {network}: a backbone is of no task, but {task!r} is given")
        return f"backbones/{network}"
    if not task:
        raise CheckpointError(f"network {network}: say the task that it is for")
    return f"networks/{task}/{network}"


def home_of(checkpoint: Checkpoint) -> str:
    return home(checkpoint.kind, checkpoint.task, checkpoint.network)


def document_of(home: str, id: str) -> str:
    """Path of the metadata below the root."""
    return f"{home}/{METADATA}/{id}{DOCUMENT}"


def pack_of(home: str, id: str) -> str:
    """Path of the weights below the root."""
    return f"{home}/{WEIGHTS}/{id}{PACK}"


def state_of(home: str, id: str) -> str:
    """Path of the training state below the root."""
    return f"{home}/{WEIGHTS}/{id}{STATE}"


def is_pack(path: str) -> bool:
    """Whether ``path`` is one that :func:`pack_of` gives; whatever else a metadata file names is not followed."""
    return _PACK.fullmatch(path) is not None


def is_document(path: str) -> bool:
    """Whether ``path`` is one that :func:`document_of` gives."""
    return _DOCUMENT.fullmatch(path) is not None


def documents(root: Path) -> Iterator[tuple[str, str]]:
    """Id and path of every metadata file, in the order of their paths."""
    return _found(root, METADATA, _DOCUMENT)


def packs(root: Path) -> Iterator[tuple[str, str]]:
    """Id and path of every file of weights."""
    return _found(root, WEIGHTS, _PACK)


def states(root: Path) -> Iterator[tuple[str, str]]:
    """Id and path of every training state."""
    return _found(root, WEIGHTS, _STATE)


def leftovers(root: Path) -> Iterator[tuple[str, str]]:
    """Id and path of every file that is being written, or that a killed writer left half-way."""
    for folder in (METADATA, WEIGHTS):
        for pattern in (f"backbones/*/{folder}/.*.tmp", f"networks/*/*/{folder}/.*.tmp"):
            for path in sorted(root.glob(pattern)):
                if match := re.match(rf"\.({_ID})\.", path.name, re.ASCII):
                    yield match[1], path.relative_to(root).as_posix()


def _found(root: Path, folder: str, names: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for pattern in (f"backbones/*/{folder}/*", f"networks/*/*/{folder}/*"):
        for path in sorted(root.glob(pattern)):
            relative = path.relative_to(root).as_posix()
            if (match := names.fullmatch(relative)) and path.is_file() and not path.is_symlink():
                yield match[1], relative
