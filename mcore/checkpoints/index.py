"""Rows and metadata files made to agree: of one checkpoint after a save or a crash, of all by reindexing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mcore.checkpoints import files, layout
from mcore.checkpoints.database import Database
from mcore.checkpoints.errors import CheckpointError, DamagedError
from mcore.checkpoints.record import Checkpoint, decode
from mcore.checkpoints.tables import CheckpointRow, TensorRow, ValueRow, WordRow, rows_of, text_of


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What reindexing did: checkpoints by what became of them, and files that could not be read, each with the reason."""

    entered: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    same: int = 0
    damaged: tuple[str, ...] = ()


def enter(session: Session, checkpoint: Checkpoint, path: str, document: bytes) -> None:
    """Make the rows of a checkpoint, in the place of any that it has."""
    try:
        text = text_of(document)
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.id}: {error}") from None
    _forget(session, [checkpoint.id])
    row, *others = rows_of(checkpoint, path, text)
    session.add(row)
    session.flush()
    session.add_all(others)


def drop(root: Path, session: Session, id: str, home: str) -> int:
    """Remove the rows of a checkpoint whose metadata file is gone, and the files that no other one needs; gives their bytes."""
    candidates = {layout.pack_of(home, id)}
    candidates |= set(session.scalars(select(TensorRow.pack).where(TensorRow.checkpoint == id)))
    _forget(session, [id])
    needed = set(session.scalars(select(TensorRow.pack).where(TensorRow.pack.in_(sorted(candidates)))))
    freed = files.remove(root / layout.state_of(home, id))
    return freed + sum(files.remove(root / pack) for pack in sorted(candidates - needed) if layout.is_pack(pack))


def settle(root: Path, database: Database, id: str, home: str) -> None:
    """Make rows and weights agree with the metadata file of one checkpoint, whose writer is no more."""
    path = layout.document_of(home, id)
    with database.write() as session:
        if not (root / path).is_file():
            drop(root, session, id, home)
            return
        try:
            data = files.read(root / path)
            checkpoint = decode(data, path)
        except DamagedError:
            return  # its rows may restore it; `verify` tells of it
        enter(session, checkpoint, path, data)


def reindex(root: Path, database: Database, *, from_database: bool = False) -> Reindexed:
    """Make the rows agree with the metadata files; or make metadata files that are missing or damaged from the rows.

    Args:
        root: of the store.
        database: its index.
        from_database: rows are what is believed: no row is dropped or changed, no file that is good is touched.
    """
    with database.write() as session:
        found, damaged = _documents(root)
        known = {row.id: (row.path, row.document) for row in session.execute(_KNOWN)}
        if from_database:
            return _restored(root, found, known)
        changed = [id for id, (_, path, data) in found.items() if known.get(id) != (path, data.decode())]
        for id in changed:
            checkpoint, path, data = found[id]
            enter(session, checkpoint, path, data)
        # A file that cannot be read is still there: its row is what may restore it.
        unreadable = {line.partition(":")[0] for line in damaged}
        gone = [id for id, (path, _) in known.items() if id not in found and path not in unreadable]
        _forget(session, gone)
    return Reindexed(tuple(changed), tuple(gone), (), len(found) - len(changed), tuple(damaged))


_KNOWN = select(CheckpointRow.id, CheckpointRow.path, CheckpointRow.document)


def _restored(
    root: Path, found: dict[str, tuple[Checkpoint, str, bytes]], known: dict[str, tuple[str, str]]
) -> Reindexed:
    missing = [id for id, (_, document) in known.items() if id not in found or found[id][2] != document.encode()]
    for id in missing:
        path, document = known[id]
        if not layout.is_document(path):
            raise DamagedError(f"the index has {path!r} for {id}, which is no place for metadata")
        files.place(root / path, document.encode())
    return Reindexed(restored=tuple(sorted(missing)), same=len(known) - len(missing))


def _documents(root: Path) -> tuple[dict[str, tuple[Checkpoint, str, bytes]], list[str]]:
    """Every good metadata file by id, and a line, beginning with the path, for every other."""
    found: dict[str, tuple[Checkpoint, str, bytes]] = {}
    damaged = []
    for id, path in layout.documents(root):
        try:
            data = files.read(root / path)
            checkpoint = decode(data, path)
            text_of(data)
        except (DamagedError, ValueError) as error:
            said = str(error)
            damaged.append(said if said.startswith(path) else f"{path}: {said}")
            continue
        if checkpoint.id != id or layout.document_of(layout.home_of(checkpoint), id) != path:
            damaged.append(f"{path}: is of {checkpoint.id} of {layout.home_of(checkpoint)}: it was moved or copied")
            continue
        found[id] = checkpoint, path, data
    return found, damaged


def _forget(session: Session, ids: Iterable[str]) -> None:
    for id in ids:
        for table in (WordRow, ValueRow, TensorRow):
            session.execute(delete(table).where(table.checkpoint == id))
        session.execute(delete(CheckpointRow).where(CheckpointRow.id == id))
