"""Looking after a store: everything verified, and what nobody needs removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from mcore.checkpoints import files, layout
from mcore.checkpoints.database import Database
from mcore.checkpoints.errors import CheckpointNotFoundError, DamagedError
from mcore.checkpoints.journal import Journal
from mcore.checkpoints.reading import damage_of, read_state
from mcore.checkpoints.record import Checkpoint, decode
from mcore.checkpoints.tables import CheckpointRow


@dataclass(frozen=True, slots=True)
class Verified:
    """One checkpoint: what is wrong with it, a line each; nothing where it is as it was stored."""

    id: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """What was, or would be, removed: files that no checkpoint needs; and files written anew without what none needs."""

    removed: tuple[str, ...]
    compacted: tuple[str, ...]
    bytes_freed: int


def verify(root: Path, database: Database, ids: Iterable[str] | None = None) -> list[Verified]:
    """Read every file of the checkpoints with these ids, or of all, on disk and in the index.

    Raises:
        CheckpointNotFoundError: one of the ids is of no checkpoint.
    """
    paths = dict(layout.documents(root))
    with database.read() as session:
        rows = select(CheckpointRow.id, CheckpointRow.path, CheckpointRow.document)
        known = {row.id: (row.path, row.document) for row in session.execute(rows)}
    wanted = sorted(paths.keys() | known.keys()) if ids is None else list(ids)
    for id in wanted:
        if id not in paths and id not in known:
            raise CheckpointNotFoundError(f"no checkpoint {id!r}")
    return [Verified(id, tuple(_problems(root, id, paths.get(id), known.get(id)))) for id in wanted]


def collect(root: Path, database: Database, journal: Journal, *, dry_run: bool) -> Collected:
    """Remove weights and states that no metadata file names, and what killed writers left half-way.

    A file that other checkpoints share, and that has tensors that none of them needs, is written anew without. Saves may go on
    meanwhile: a file is looked at before the journal, which has whoever wrote it until its metadata file is there.

    Raises:
        DamagedError: a metadata file cannot be read. What it needs is not known, so nothing is removed.
    """
    with database.write():  # no checkpoint comes or goes
        found = {**dict(_by_path(layout.packs(root))), **dict(_by_path(layout.states(root)))}
        half = {**dict(_by_path(layout.leftovers(root)))}
        under_way = journal.under_way()
        needed = _needed(root)
        orphans = [path for path, id in found.items() if path not in needed and id not in under_way]
        removed = orphans + [path for path, id in half.items() if id not in under_way]
        freed = 0
        for path in removed:
            freed += (root / path).stat().st_size if dry_run else files.remove(root / path)
        compacted = []
        for path in sorted(found.keys() & needed.keys()):
            if layout.is_pack(path) and found[path] not in under_way:
                saved = _compact(root, path, needed[path], dry_run)
                freed += saved
                compacted += [path] if saved else []
    return Collected(tuple(sorted(removed)), tuple(compacted), freed)


def _by_path(found: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((path, id) for id, path in found)


def _needed(root: Path) -> dict[str, set[str]]:
    """Files that metadata files name, with the names of the tensors in them."""
    needed: dict[str, set[str]] = defaultdict(set)
    for _, path in layout.documents(root):
        try:
            checkpoint = decode(files.read(root / path), path)
        except DamagedError as error:
            raise DamagedError(
                f"{error}; nothing was removed: `farm checkpoints reindex --from-database` restores the file"
            ) from None
        for tensor in checkpoint.tensors:
            needed[tensor.pack].add(tensor.key)
        if checkpoint.state is not None:
            needed[layout.state_of(layout.home_of(checkpoint), checkpoint.id)] = set()
    return needed


def _compact(root: Path, path: str, keys: set[str], dry_run: bool) -> int:
    """Write a file of weights anew with these tensors alone; gives the bytes that this saves, none where it has no others."""
    try:
        arrays, texts = files.read_pack(root / path)
    except DamagedError:
        return 0  # `verify` is who tells of it
    if arrays.keys() <= keys:
        return 0
    kept: Mapping[str, np.ndarray] = {key: array for key, array in arrays.items() if key in keys}
    data = files.pack_bytes(kept, texts, path)
    saved = (root / path).stat().st_size - len(data)
    if not dry_run:
        files.place(root / path, data)
    return saved


def _problems(root: Path, id: str, path: str | None, row: tuple[str, str] | None) -> Iterable[str]:
    if path is None:
        yield "the metadata file is missing: `farm checkpoints reindex --from-database` makes it anew"
        return
    try:
        data = files.read(root / path)
        checkpoint = decode(data, path)
    except DamagedError as error:
        yield f"{error}: `farm checkpoints reindex --from-database` makes it anew"
        return
    if checkpoint.id != id or layout.document_of(layout.home_of(checkpoint), id) != path:
        yield f"{path}: is of {checkpoint.id} of {layout.home_of(checkpoint)}: it was moved or copied"
        return
    if row is None or row != (path, data.decode()):
        what = "is not in the index" if row is None else "is not as the index has it"
        yield f"{path}: {what}: `farm checkpoints reindex` mends that"
    yield from _damage(root, checkpoint)


def _damage(root: Path, checkpoint: Checkpoint) -> Iterable[str]:
    """Every tensor that is not as it was stored, and the state."""
    yield from damage_of(root, checkpoint.tensors)
    if checkpoint.state is not None:
        try:
            read_state(root, checkpoint)
        except DamagedError as error:
            yield str(error)
