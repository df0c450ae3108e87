"""Which files of a folder would become which checkpoints, and those checkpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mcore.checkpoints.errors import CheckpointError
from mcore.checkpoints.filters import where
from mcore.checkpoints.importing.fitting import Make, fit_model
from mcore.checkpoints.importing.reading import SUFFIXES, Foreign, read_foreign
from mcore.checkpoints.parts import parts_by_name, parts_of_model
from mcore.checkpoints.record import Checkpoint, Metadata
from mcore.checkpoints.store import CheckpointStore

#: Gives, for kind and name of a network, what makes it without weights; ``None`` where there is no such network here.
Build = Callable[[str, str], Make | None]

TASKS = ("classification", "segmentation", "detection", "depth")
#: Names of files that say nothing: the folder's name is the network's.
_NAMELESS = re.compile(
    r"(weights|model|pytorch_model|checkpoint|best|last|latest|final|epoch_\d+|iter_\d+)", re.IGNORECASE
)
_HASH = re.compile(r"[-_][0-9a-f]{8,64}$")
_NO_NAME = re.compile(r"[^A-Za-z0-9_.+=-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of one file: the checkpoint that it is to be, or why it is to be none.

    Args:
        path: of the file.
        kind, network, task: of the checkpoint.
        layout: of the names that it comes with, where it fits a model here; the names are then the model's.
        parts: that it has weights of.
        tensors: their number.
        size_bytes: of the weights.
        problem: why it cannot be imported; empty where it can.
        present: id of a checkpoint that was made of the same file before; it is not imported again.
    """

    path: Path
    kind: str = "network"
    network: str = ""
    task: str = ""
    layout: str = ""
    parts: tuple[str, ...] = ()
    tensors: int = 0
    size_bytes: int = 0
    problem: str = ""
    present: str = ""
    weights: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    part_of: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    metadata: Metadata = field(default_factory=Metadata, repr=False, compare=False)


def plan_import(
    store: CheckpointStore,
    source: Path,
    *,
    build: Build,
    kind: str = "",
    network: str = "",
    task: str = "",
    layout: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Iterator[Planned]:
    """Plan for a file, or for every file of weights below a folder, one after the other: only one is in memory at a time.

    What is not given is found: the task and the network are those of the folders (``segmentation/UNet/best.pth``), else the
    name of the file without its hash and variant (``resnet50-11ad3fa6.pth``, ``resnet50.a1_in1k.safetensors``).

    Args:
        store: that it would go to.
        source: the file or folder.
        build: of the networks here.
        kind: ``network`` or ``backbone``.
        network: its name.
        task: that it was trained for.
        layout: whose names the weights have; by default it is found which fits.
        facts: fields of the metadata, before those that the file says.

    Raises:
        CheckpointError: there is no such file or folder, or nothing in it, or a fact is none.
    """
    known: dict[str, Any] = {"kind": kind, "network": network, "task": task, "layout": layout}
    for path in _files(source, store.root):
        try:
            yield _planned(store, source, path, build, dict(known), dict(facts or {}))
        except CheckpointError as error:
            said = str(error)
            yield Planned(path, problem=said.removeprefix(f"{path}: "))


def store_planned(store: CheckpointStore, planned: Planned) -> Checkpoint:
    """Make the checkpoint that was planned."""
    return store.add(
        planned.weights,
        network=planned.network,
        kind=planned.kind,
        task=planned.task,
        metadata=planned.metadata,
        parts=planned.part_of,
    )


def _files(source: Path, root: Path) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise CheckpointError(f"{source}: no such file or folder")
    own = tuple(root / folder for folder in ("backbones", "networks"))  # what the store has made itself
    found = sorted(
        path
        for path in source.rglob("*")
        if path.suffix in SUFFIXES and path.is_file() and not any(path.absolute().is_relative_to(o) for o in own)
    )
    if not found:
        raise CheckpointError(f"{source}: no file of weights in it ({', '.join(SUFFIXES)})")
    return found


def _planned(
    store: CheckpointStore, source: Path, path: Path, build: Build, known: dict[str, Any], facts: dict[str, Any]
) -> Planned:
    foreign = read_foreign(path)
    places = path.relative_to(source).parts[:-1] if source.is_dir() else ()
    kind, task, network, variant = _named(path, places, known, foreign)
    make = build(kind, network)
    weights, layout, model = foreign.weights, known["layout"] or foreign.layout, None
    dropped: tuple[str, ...] = ()
    if make is not None:
        found = fit_model(foreign.weights, make, layout)
        weights, layout, model, dropped = found.weights, found.layout, found.model, found.dropped
        own_task = getattr(model, "task", "")
        task = task or (own_task if kind == "network" and isinstance(own_task, str) else "")
    if kind == "network" and not task:
        raise CheckpointError(
            f"the task of {network} is not known: say --task, or put it in a folder of the task's name"
        )
    part_of = parts_of_model(model, weights) if model is not None else _parts(kind, weights)
    metadata = _metadata(path, foreign, facts, model, layout, variant, dropped)
    return Planned(
        path,
        kind,
        network,
        task,
        layout if model is not None else "",
        tuple(dict.fromkeys(part_of.values())),
        len(weights),
        sum(array.nbytes for array in weights.values()),
        present=_present(store, network, foreign.sha256),
        weights=weights,
        part_of=part_of,
        metadata=metadata,
    )


def _named(path: Path, places: tuple[str, ...], known: dict[str, Any], foreign: Foreign) -> tuple[str, str, str, str]:
    """Kind, task, network and variant: what was said, else what the folders say, else the file."""
    kind = known["kind"] or ("backbone" if "backbones" in places else "network")
    task = known["task"] or foreign.task or next((place for place in places if place in TASKS), "")
    stem = _HASH.sub("", path.name.removesuffix(path.suffix).removesuffix(".pth"))
    if _NAMELESS.fullmatch(stem):
        folder = path.parent.name
        stem = folder if places or not known["network"] else stem
    name, _, variant = stem.partition(".")
    network = known["network"] or _NO_NAME.sub("_", name)
    return kind, "" if kind == "backbone" else task, network, _NO_NAME.sub("_", variant)


def _parts(kind: str, weights: Mapping[str, np.ndarray]) -> dict[str, str]:
    return dict.fromkeys(weights, "backbone") if kind == "backbone" else parts_by_name(weights)


def _metadata(
    path: Path,
    foreign: Foreign,
    facts: dict[str, Any],
    model: Any,
    layout: str,
    variant: str,
    dropped: tuple[str, ...],
) -> Metadata:
    from mcore.checkpoints.describing import described

    note: dict[str, Any] = {"file": path.name, "sha256": foreign.sha256}
    note |= {"layout": layout} if layout else {}
    note |= {"dropped": list(dropped)} if dropped else {}
    given = {
        "source": f"file {path.name}",
        **foreign.facts,
        **{k: v for k, v in facts.items() if v not in ("", (), None)},
    }
    tags = tuple(dict.fromkeys((*given.pop("tags", ()), *((variant,) if variant else ()))))
    try:
        made = msgspec.convert({**given, "tags": tags, "notes": {"import": note}}, Metadata)
    except msgspec.ValidationError as error:
        raise CheckpointError(f"metadata: {error}") from None
    if model is None:
        return made
    # Its code is here, but the weights were not trained from it.
    return msgspec.structs.replace(described(model, made), code=None)


def _present(store: CheckpointStore, network: str, sha256: str) -> str:
    """The checkpoint that was made of the same file."""
    for checkpoint in store.search(where.network == network):
        if checkpoint.metadata.notes.get("import", {}).get("sha256") == sha256:
            return checkpoint.id
    return ""
