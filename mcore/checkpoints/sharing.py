"""Tensors that the store has already: a checkpoint that has one of them too refers to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import NamedTuple, TypeVar

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from mcore.checkpoints import files
from mcore.checkpoints.database import Database
from mcore.checkpoints.errors import DamagedError
from mcore.checkpoints.tables import TensorRow

#: Values that one statement names: SQLite allows 32,766, PostgreSQL 65,535.
_BATCH = 5_000
#: Share of a checkpoint's bytes that a file must have to be shared.
LEAST_SHARE = 0.01
_T = TypeVar("_T")


class Place(NamedTuple):
    """Where a tensor lies: the file below the root, and its name in there."""

    sha256: str
    pack: str
    key: str


def find_stored(root: Path, database: Database, sizes: Mapping[str, int]) -> dict[str, Place]:
    """Of tensors by hash, each of so many bytes, where those lie that are stored, and were just found intact.

    They are read: a checkpoint that referred to a damaged one would lose what its saver had at hand. A file that has but a
    counter or a zero bias of them is passed over: sharing that would save nothing, and keep the file from being removed.
    """
    candidates: dict[str, list[Place]] = defaultdict(list)
    with database.read() as session:
        for batch in _batches(sorted(sizes)):
            rows = select(TensorRow.sha256, TensorRow.pack, TensorRow.key).where(TensorRow.sha256.in_(batch)).distinct()
            for row in session.execute(rows):
                candidates[row.pack].append(Place(*row))
    found: dict[str, Place] = {}
    least = sum(sizes.values()) * LEAST_SHARE
    # The file that has most comes first: weights of one checkpoint then lie in few.
    held = {pack: sum(sizes[place.sha256] for place in places) for pack, places in candidates.items()}
    for pack in sorted(candidates, key=lambda p: (-held[p], p)):
        wanted = [place for place in candidates[pack] if place.sha256 not in found]
        if not wanted or sum(sizes[place.sha256] for place in wanted) < least:
            continue
        try:
            arrays, _ = files.read_pack(root / pack)
        except DamagedError:
            continue  # `verify` is who tells of it; here there is a good copy
        for place in wanted:
            if place.key in arrays and files.content_hash(arrays[place.key]) == place.sha256:
                found[place.sha256] = place
    return found


def still_stored(session: Session, places: Set[Place]) -> bool:
    """Whether some checkpoint still has every one of these; in a turn to write, so that none goes meanwhile."""
    count = 0
    for batch in _batches(sorted(places)):
        wanted = tuple_(TensorRow.sha256, TensorRow.pack, TensorRow.key).in_(batch)
        count += len(
            session.execute(select(TensorRow.sha256, TensorRow.pack, TensorRow.key).where(wanted).distinct()).all()
        )
    return count == len(places)


def _batches(items: list[_T]) -> Iterable[list[_T]]:
    return (items[i : i + _BATCH] for i in range(0, len(items), _BATCH))
