"""The checkpoint of the store that an architecture's default variant is converted with, if there is one that matches."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from farm.conversion.checkpoint import KINDS, checkpoint_of, pretrained_fingerprint
from farm.errors import InfrastructureError
from farm.planning.plan import Entry
from mcore.checkpoints import CheckpointError, CheckpointStore, where
from mcore.checkpoints.matching import best, fingerprint, has_checkpoints
from mcore.checkpoints.store import ROOT_VARIABLE


@dataclass(frozen=True, slots=True)
class Stored:
    """A checkpoint: its metadata file below the root, and the fingerprint of its weights."""

    path: str
    fingerprint: str


def stored_checkpoints(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
    """The best matching checkpoint of each architecture, by kind and name, that has one.

    A checkpoint matches that is of the same kind and network, and was built with the default parameters. Without a root, or
    a store in it, there is none, and nothing is made.

    Raises:
        InfrastructureError: there is a store, and it cannot be used. It is not passed over.
    """
    root = os.environ.get(ROOT_VARIABLE)
    asked = {(kind, name) for kind, name in wanted if kind in KINDS}
    if not root or not asked or not has_checkpoints(Path(root)):
        return {}
    found = {}
    with _opened() as store:
        candidates = store.search(where.default_variant == True)  # noqa: E712 (a condition)
        for kind, name in asked:
            one = best(c for c in candidates if (c.kind, c.network) == (kind, name))
            if one is not None:
                path = store.metadata_file(one).relative_to(store.root).as_posix()
                found[kind, name] = Stored(path, fingerprint(one))
    return found


@contextmanager
def _opened() -> Iterator[CheckpointStore]:
    """The configured store; what is wrong with it is an error of the farm's, which a converter waits out."""
    try:
        with CheckpointStore.configured() as store:
            yield store
    except CheckpointError as error:
        raise InfrastructureError(str(error)) from None


def checkpoints_of(entries: Iterable[Entry]) -> dict[str, dict[str, str]]:
    """What trained weights add to the toolchain, by key of each architecture that has some: their fingerprint."""
    architectures = [entry.architecture for entry in entries]
    stored = stored_checkpoints((a.kind, a.name) for a in architectures)
    found: dict[str, dict[str, str]] = {}
    for architecture in architectures:
        if (one := stored.get((architecture.kind, architecture.name))) is not None:
            found[architecture.key] = {"checkpoint": one.fingerprint}
        elif pretrained := pretrained_fingerprint(architecture):
            found[architecture.key] = {"pretrained": pretrained}
    return found


class Trained(NamedTuple):
    """The fields of a conversion's item that say its weights; one of them is empty, or both."""

    stored: str = ""
    checkpoint: str = ""


def weights_of(wanted: Collection[tuple[str, str, str]]) -> dict[tuple[str, str], Trained]:
    """By kind and name: a checkpoint of the store, else pretrained weights, else none, for the default variant.

    Args:
        wanted: kind, file of the tree that defines it, and name of each architecture. The store is opened once for all.
    """
    stored = stored_checkpoints((kind, name) for kind, _, name in wanted)
    return {
        (kind, name): Trained(stored=stored[kind, name].path)
        if (kind, name) in stored
        else Trained(checkpoint=checkpoint_of(kind, file, name))
        for kind, file, name in wanted
    }
