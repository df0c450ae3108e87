"""The store: weights on disk, an index in a database, and saves that a kill at any moment leaves done or undone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from sqlalchemy import select

from mcore.checkpoints import files, layout
from mcore.checkpoints.arrays import arrays_of, load_arrays
from mcore.checkpoints.database import Database
from mcore.checkpoints.describing import described
from mcore.checkpoints.errors import CheckpointError, CheckpointNotFoundError, StoreUnavailableError
from mcore.checkpoints.filters import parse, statement
from mcore.checkpoints.filters.nodes import Expr, Order, Query
from mcore.checkpoints.index import Reindexed, drop, enter, reindex, settle
from mcore.checkpoints.journal import Journal
from mcore.checkpoints.loading import LoadReport, fit, refuse_misfit
from mcore.checkpoints.parts import Prefixes, parts_by_prefix, parts_of_model
from mcore.checkpoints.reading import read_state, read_tensors
from mcore.checkpoints.record import Checkpoint, Metadata, StoredTensor, check, encode, settled
from mcore.checkpoints.sharing import Place, find_stored, still_stored
from mcore.checkpoints.tables import CheckpointRow, ValueRow, checkpoint_of
from mcore.checkpoints.upkeep import Collected, Verified, collect, verify
from mcore.platform.dtypes import DType
from mcore.pretrained.adapting import Adaptation
from mcore.pretrained.loading import KeyMap

ROOT_VARIABLE = "FARM_CHECKPOINTS"
URL_VARIABLE = "FARM_CHECKPOINTS_DATABASE_URL"
#: Times that a save begins again since what it wanted to share was removed meanwhile, before it shares nothing.
_TRIES = 3


class CheckpointStore:
    """Checkpoints below a folder.

    Args:
        root: the folder; made where it is missing.
        database_url: of the index; by default SQLite in the root. On several hosts: PostgreSQL, since SQLite needs a disk of
            the machine's own. It may be the farm's database.

    Raises:
        StoreUnavailableError: the folder or the database cannot be used.
        CheckpointError: the URL is none.
    """

    def __init__(self, root: str | Path, database_url: str | None = None) -> None:
        self.root = Path(root).absolute()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailableError(f"{self.root}: cannot be made: {error.strerror}") from None
        self.database = Database(database_url or f"sqlite:///{self.root / layout.DATABASE}")
        self._journal = Journal(self.root / layout.JOURNAL)
        try:
            if self.database.prepare():
                reindex(self.root, self.database)
            self.recover()
        except Exception:
            self.close()
            raise

    @classmethod
    def configured(cls) -> CheckpointStore:
        """The store that ``FARM_CHECKPOINTS`` and ``FARM_CHECKPOINTS_DATABASE_URL`` name."""
        root = os.environ.get(ROOT_VARIABLE)
        if not root:
            raise CheckpointError(f"no folder of checkpoints is configured: set {ROOT_VARIABLE}")
        return cls(root, configured_url())

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def recover(self) -> int:
        """Finish or undo what processes that died were doing; says how many checkpoints that were."""
        return self._journal.settle(lambda id, home: settle(self.root, self.database, id, home))

    def _undo(self) -> None:
        """Settle what just failed; where that fails too, whoever opens the store next does."""
        with suppress(CheckpointError):
            self.recover()

    def save(
        self,
        model: Any,
        *,
        network: str = "",
        kind: str = "",
        task: str = "",
        metadata: Metadata | None = None,
        parts: Prefixes | None = None,
        state: bytes | None = None,
    ) -> Checkpoint:
        """Store the weights of ``model``, and what it says of itself, where ``metadata`` does not say it.

        Args:
            model: on either backend.
            network: its name; by default that of its class.
            kind: ``network`` or ``backbone``; by default what its class says, else ``network``.
            task: of a network; by default what its class says.
            metadata: what else is known.
            parts: prefixes of the weights of each part; by default as :func:`~mcore.checkpoints.parts.parts_of_model` finds.
            state: of the training, as :func:`mcore.checkpoints.training.state.state_bytes` gives it.

        Returns:
            The checkpoint, once it is on the disk and in the index.

        Raises:
            CheckpointError: a name or the metadata make no sense, or a weight has an element type without place.
            StoreUnavailableError: the disk or the database cannot be used. Nothing was stored then.
        """
        weights = arrays_of(model)
        kind = kind or ("backbone" if getattr(model, "kind", None) == "backbone" else "network")
        own_task = getattr(model, "task", "")
        return self.add(
            weights,
            network=network or type(model).__name__,
            kind=kind,
            task=task or (own_task if kind == "network" and isinstance(own_task, str) else ""),
            metadata=described(model, metadata or Metadata()),
            parts=parts_by_prefix(weights, parts) if parts else parts_of_model(model, weights),
            state=state,
        )

    def add(
        self,
        weights: Mapping[str, np.ndarray],
        *,
        network: str,
        kind: str,
        task: str,
        metadata: Metadata,
        parts: Mapping[str, str],
        state: bytes | None = None,
    ) -> Checkpoint:
        """Store weights by name, ``parts`` giving the part of each; else as :meth:`save`."""
        if not weights:
            raise CheckpointError(f"{network}: there are no weights to store")
        home, now = layout.home(kind, task, network), datetime.now(UTC)
        id, metadata = layout.new_id(now), settled(metadata)
        hashes = {name: _hash(name, array) for name, array in weights.items()}
        sizes = {hashes[name]: array.nbytes for name, array in weights.items()}
        own = layout.pack_of(home, id)
        try:
            with self._journal.entered(id, home):
                for tries_left in reversed(range(_TRIES + 1)):
                    shared = find_stored(self.root, self.database, sizes) if tries_left else {}
                    places = _places(hashes, shared, own)
                    tensors = tuple(
                        _stored(name, array, parts[name], hashes[name], places[name]) for name, array in weights.items()
                    )
                    checkpoint = Checkpoint(
                        id=id,
                        kind=kind,  # type: ignore[arg-type]  # home() refuses any other
                        network=network,
                        task=task,
                        created=now,
                        metadata=metadata,
                        tensors=tensors,
                        state=hashlib.sha256(state).hexdigest() if state is not None else None,
                    )
                    self._write_weights(weights, checkpoint, own, state)
                    if self._commit(checkpoint, home, set(shared.values())):
                        return checkpoint
                raise AssertionError("what shares nothing needs nothing of others")
        except Exception:
            self._undo()
            raise

    def _write_weights(
        self, weights: Mapping[str, np.ndarray], checkpoint: Checkpoint, own: str, state: bytes | None
    ) -> None:
        new = {t.key: weights[t.name] for t in checkpoint.tensors if t.pack == own}
        if new:
            texts = {"checkpoint": checkpoint.id, "network": checkpoint.network, "tensors": str(len(weights))}
            files.place(self.root / own, files.pack_bytes(new, texts, own))
        if state is not None:
            files.place(self.root / layout.state_of(layout.home_of(checkpoint), checkpoint.id), state)

    def _commit(self, checkpoint: Checkpoint, home: str, shared: set[Place]) -> bool:
        """Make the checkpoint exist, unless what it shares is there no more."""
        data = encode(checkpoint)
        check(data)
        path = layout.document_of(home, checkpoint.id)
        with self.database.write() as session:
            if not still_stored(session, shared):
                return False
            enter(session, checkpoint, path, data)
            session.flush()  # what the database does not take is refused before the checkpoint exists
            files.place(self.root / path, data)
        return True

    def delete(self, ids: Iterable[str]) -> int:
        """Remove checkpoints, and what of the weights no other one shares; gives the bytes that were freed.

        Raises:
            CheckpointNotFoundError: there is no such checkpoint; none is removed then.
        """
        freed = 0
        for checkpoint in [self.get(id) for id in ids]:
            home = layout.home_of(checkpoint)
            try:
                with self._journal.entered(checkpoint.id, home), self.database.write() as session:
                    freed += files.remove(self.root / layout.document_of(home, checkpoint.id))
                    freed += drop(self.root, session, checkpoint.id, home)
            except Exception:
                self._undo()
                raise
        return freed

    def get(self, id: str) -> Checkpoint:
        """The checkpoint with this id, or with the only id that begins so."""
        with self.database.read() as session:
            found = session.execute(
                select(CheckpointRow.id, CheckpointRow.document)
                .where(CheckpointRow.id.startswith(id, autoescape=True))
                .order_by(CheckpointRow.id)
                .limit(3)
            ).all()
        exact = [row for row in found if row.id == id]
        if not found or not id:
            raise CheckpointNotFoundError(f"no checkpoint {id!r}: `farm checkpoints list` shows those that there are")
        if len(found) > 1 and not exact:
            raise CheckpointNotFoundError(
                f"{id!r} begins the ids of several checkpoints: {found[0].id}, {found[1].id} ..."
            )
        return checkpoint_of((exact or found)[0].document)

    def search(
        self,
        query: str | Expr | Query = "",
        *,
        order: Iterable[Order] = (),
        limit: int | None = None,
    ) -> list[Checkpoint]:
        """The checkpoints that a filter finds, all without one; the newest first unless it says another order.

        Args:
            query: a text (see :mod:`mcore.checkpoints.filters`), or a condition made with ``where``.
            order: of a condition: ``where.metrics.miou.desc()``.
            limit: of a condition.

        Raises:
            FilterError: it does not parse, or asks for what there is not; with the column.
        """
        asked = Query(query, tuple(order), limit) if isinstance(query, Expr) else query
        text = str(asked)
        parsed = parse(text)  # a condition's text too: one path, and errors show where in it they are
        with self.database.read() as session:
            names = select(ValueRow.name).where(ValueRow.space == "metrics").distinct()
            metrics = set(session.scalars(names))
            chosen = statement(parsed, text, metrics=metrics, dialect=self.database.engine.dialect.name)
            return [checkpoint_of(document) for document in session.scalars(chosen)]

    def weights(self, checkpoint: Checkpoint, parts: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Weights by name, of all parts or of some, each verified against its hash; read-only.

        Raises:
            CheckpointError: the checkpoint has no such part.
            DamagedError: a file is missing or not what was stored; the text names it.
        """
        if unknown := [part for part in parts or () if part not in checkpoint.parts]:
            raise CheckpointError(
                f"{checkpoint.id} has no part {', '.join(unknown)}; it has {', '.join(checkpoint.parts)}"
            )
        return read_tensors(self.root, [t for t in checkpoint.tensors if parts is None or t.part in parts])

    def load(
        self,
        model: Any,
        checkpoint: Checkpoint | str,
        parts: Sequence[str] | None = None,
        *,
        prefix: tuple[str, str] | None = None,
        key_map: KeyMap = (),
        adaptation: Adaptation | None = None,
        strict: bool = True,
    ) -> LoadReport:
        """Load a checkpoint into ``model``, whole or only some parts, or not at all where it does not fit.

        Args:
            model: on either backend.
            checkpoint: or its id.
            parts: such as ``("backbone", "neck")``; by default everything.
            prefix: what the checkpoint's names begin with, and what the model's do in its place: ``("", "backbone.")`` takes
                the weights of a backbone into a network that has one.
            key_map: pairs of a regular expression and its replacement; the first that matches renames, ``None`` drops.
            adaptation: what may be done about weights of another shape.
            strict: refuse where a weight of the model is not in the checkpoint, or the other way round, or of another shape.
                Where false, what fits is loaded, and the report says what does not.

        Raises:
            MisfitError: it does not fit, or nothing of it does. The model is unchanged.
            CheckpointError: checkpoint or model has no such part.
            DamagedError: a weight is not what was stored. The model is unchanged.
        """
        found = self.get(checkpoint) if isinstance(checkpoint, str) else checkpoint
        weights = self.weights(found, parts)
        choices = {"prefix": prefix, "key_map": key_map, "adaptation": adaptation}
        fitted, report = fit(model, weights, checkpoint=found.id, parts=parts, **choices)  # type: ignore[arg-type]
        refuse_misfit(report, model, strict=strict)
        load_arrays(model, fitted)
        return report

    def state(self, checkpoint: Checkpoint) -> bytes:
        """The training state; raises :class:`CheckpointError` where none was saved, ``DamagedError`` where it is not intact."""
        return read_state(self.root, checkpoint)

    def reindex(self, *, from_database: bool = False) -> Reindexed:
        """Make the rows anew from the metadata files, or those of the files that are missing or damaged from the rows."""
        self.recover()
        return reindex(self.root, self.database, from_database=from_database)

    def verify(self, ids: Iterable[str] | None = None) -> list[Verified]:
        """Read every file of all checkpoints, or of some, and hold it against what was stored."""
        self.recover()
        return verify(self.root, self.database, ids)

    def collect(self, *, dry_run: bool = False) -> Collected:
        """Remove what no checkpoint needs; see :func:`mcore.checkpoints.upkeep.collect`."""
        self.recover()
        return collect(self.root, self.database, self._journal, dry_run=dry_run)

    def metadata_file(self, checkpoint: Checkpoint) -> Path:
        """Where its metadata lies."""
        return self.root / layout.document_of(layout.home_of(checkpoint), checkpoint.id)


def configured_url() -> str | None:
    """The index that ``FARM_CHECKPOINTS_DATABASE_URL`` names, or the file that ``FARM_CHECKPOINTS_DATABASE_URL_FILE`` does."""
    if url := os.environ.get(URL_VARIABLE):
        return url
    path = os.environ.get(f"{URL_VARIABLE}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{URL_VARIABLE}_FILE: {path} cannot be read: {error}") from None


def _hash(name: str, array: np.ndarray) -> str:
    try:
        return files.content_hash(array)
    except ValueError:
        raise CheckpointError(f"{name} has element type {array.dtype}, which has no place in the format") from None


def _places(hashes: Mapping[str, str], shared: Mapping[str, Place], own: str) -> dict[str, Place]:
    """Where each weight lies: where it lay already, or in the checkpoint's own file, once for weights of equal content."""
    first: dict[str, Place] = {}
    return {
        name: shared.get(sha256) or first.setdefault(sha256, Place(sha256, own, name))
        for name, sha256 in hashes.items()
    }


def _stored(name: str, array: np.ndarray, part: str, sha256: str, place: Place) -> StoredTensor:
    return StoredTensor(
        name=name,
        part=part,
        dtype=DType.of(array).value,
        shape=tuple(array.shape),
        sha256=sha256,
        pack=place.pack,
        key=place.key,
    )
