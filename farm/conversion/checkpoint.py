"""Whether pretrained weights are there for an architecture, and of which files; told without importing the architecture."""

from __future__ import annotations

from pathlib import PurePosixPath

from farm.source.catalogue import Architecture
from mcore.pretrained import find, fingerprint, root

#: Kinds that pretrained weights are trained for; a neck or a head is part of a network's.
KINDS = ("network", "backbone")


def checkpoint_of(kind: str, file: str, name: str) -> str:
    """``family/name`` of the weights of an architecture's default variant; ``""`` where there are none, or no root for them.

    Args:
        kind: of the architecture.
        file: of the tree that defines it; its name is the family.
        name: of the architecture.
    """
    family = PurePosixPath(file).stem
    folder = find(family, name) if kind in KINDS else None
    return "" if folder is None else f"{family}/{folder.name}"


def pretrained_fingerprint(architecture: Architecture) -> str:
    """Of the files of the architecture's pretrained weights; ``""`` where there are none."""
    checkpoint = checkpoint_of(architecture.kind, architecture.file, architecture.name)
    return fingerprint(root() / checkpoint) if checkpoint else ""
