"""Rows of the index. All of them are made from metadata files, so that a new schema needs no migration: it is made anew.

The tables can lie in a database of their own or in the farm's: their names begin with ``checkpoint``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, DateTime, Double, ForeignKey, Index, MetaData, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from mcore.checkpoints.record import Checkpoint

#: Raised whenever a table changes. An index of an older version is made anew from the metadata files.
SCHEMA_VERSION = 1


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, always in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData()
    type_annotation_map = {datetime: UtcDateTime, float: Double, int: BigInteger, str: Text}  # noqa: RUF012


class Schema(Base):
    """One row: the version of these tables."""

    __tablename__ = "checkpoint_schema"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class CheckpointRow(Base):
    """A checkpoint: its metadata file word by word, and of it what filters ask for most.

    ``lr`` and ``weight_decay`` are the largest of the optimiser's groups; ``default_variant`` says whether every parameter of
    the constructor is its default.
    """

    __tablename__ = "checkpoint"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str]
    network: Mapped[str] = mapped_column(String(128), index=True)
    task: Mapped[str] = mapped_column(String(128), index=True)
    created: Mapped[datetime] = mapped_column(index=True)
    path: Mapped[str]
    document: Mapped[str]
    size_bytes: Mapped[int]
    resumable: Mapped[bool]
    default_variant: Mapped[bool | None]
    constructor: Mapped[str | None]
    backbone: Mapped[str | None]
    neck: Mapped[str | None]
    head: Mapped[str | None]
    commit: Mapped[str | None]
    dirty: Mapped[bool | None]
    loss: Mapped[str | None]
    split: Mapped[str | None]
    resolution: Mapped[str | None]
    height: Mapped[int | None]
    width: Mapped[int | None]
    input: Mapped[str | None]
    in_channels: Mapped[int | None]
    out_channels: Mapped[int | None]
    ratio: Mapped[str | None]
    optimiser: Mapped[str | None]
    lr: Mapped[float | None]
    weight_decay: Mapped[float | None]
    max_lr: Mapped[float | None]
    batch_size: Mapped[int | None]
    device: Mapped[str | None]
    forward_ms: Mapped[float | None]
    forward_backward_ms: Mapped[float | None]
    memory_bytes: Mapped[int | None]
    dataset: Mapped[str | None]
    precision: Mapped[str | None]
    epoch: Mapped[int | None]
    step: Mapped[int | None]
    run: Mapped[str | None]
    parent: Mapped[str | None]
    source: Mapped[str | None]


class WordRow(Base):
    """One member of a list: ``field`` is parts, channels, tags or classes."""

    __tablename__ = "checkpoint_word"
    checkpoint: Mapped[str] = mapped_column(ForeignKey("checkpoint.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[str] = mapped_column(String(256))
    __table_args__ = (Index("ix_checkpoint_word_value", "field", "value"),)


class ValueRow(Base):
    """A named value: ``space`` is metrics, or parameters (of the constructor); it is a number or a text."""

    __tablename__ = "checkpoint_value"
    checkpoint: Mapped[str] = mapped_column(ForeignKey("checkpoint.id", ondelete="CASCADE"), primary_key=True)
    space: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[float | None]
    text: Mapped[str | None]
    __table_args__ = (Index("ix_checkpoint_value_number", "space", "name", "number"),)


class TensorRow(Base):
    """A tensor of a checkpoint, and where it lies."""

    __tablename__ = "checkpoint_tensor"
    checkpoint: Mapped[str] = mapped_column(ForeignKey("checkpoint.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(512), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    pack: Mapped[str] = mapped_column(String(512), index=True)
    key: Mapped[str] = mapped_column(String(512))


def rows_of(checkpoint: Checkpoint, path: str, document: str) -> list[Base]:
    """Every row of a checkpoint, whose metadata file at ``path`` is ``document``."""
    made: list[Base] = [CheckpointRow(**_columns(checkpoint), path=path, document=document)]
    metadata = checkpoint.metadata
    lists = {
        "parts": checkpoint.parts,
        "channels": metadata.channels,
        "tags": metadata.tags,
        "classes": metadata.classes,
    }
    for field, words in lists.items():
        made += [WordRow(checkpoint=checkpoint.id, field=field, position=i, value=word) for i, word in enumerate(words)]
    parameters = (metadata.constructor or {}).get("parameters", {})
    for space, named in (("metrics", metadata.metrics), ("parameters", parameters)):
        for name, value in named.items():
            if (fields := _value(value)) and len(name) <= 128:
                made.append(ValueRow(checkpoint=checkpoint.id, space=space, name=name, **fields))
    made += [
        TensorRow(checkpoint=checkpoint.id, name=t.name, sha256=t.sha256, pack=t.pack, key=t.key)
        for t in checkpoint.tensors
    ]
    return made


def _columns(checkpoint: Checkpoint) -> dict[str, Any]:
    m = checkpoint.metadata
    *_, height, width = (None, None, *m.resolution) if len(m.resolution) > 1 else (None, None)
    groups = m.optimiser.groups if m.optimiser else ()
    timing = m.timing
    return {
        "id": checkpoint.id,
        "kind": checkpoint.kind,
        "network": checkpoint.network,
        "task": checkpoint.task,
        "created": checkpoint.created,
        "size_bytes": checkpoint.size_bytes,
        "resumable": checkpoint.state is not None,
        "default_variant": None if m.variant is None else not m.variant,
        "constructor": str(m.constructor["target"]) if m.constructor and "target" in m.constructor else None,
        **{role: m.parts_of.get(role) for role in ("backbone", "neck", "head")},
        "commit": m.code.commit if m.code else None,
        "dirty": m.code.dirty if m.code else None,
        "loss": m.loss or None,
        "split": m.metrics_of or None,
        "resolution": "x".join(map(str, m.resolution)) or None,
        "height": height,
        "width": width,
        "input": "+".join(m.channels) or None,
        "in_channels": m.in_channels,
        "out_channels": m.outputs[0].channels if m.outputs else None,
        "ratio": m.outputs[0].ratio if m.outputs else None,
        "optimiser": m.optimiser.name if m.optimiser else None,
        "lr": max((g.lr for g in groups), default=None),
        "weight_decay": max((g.weight_decay for g in groups), default=None),
        "max_lr": m.max_lr,
        "batch_size": m.batch_size,
        "device": timing.device if timing else None,
        "forward_ms": timing.forward_ms if timing else None,
        "forward_backward_ms": timing.forward_backward_ms if timing else None,
        "memory_bytes": timing.memory_bytes if timing else None,
        "dataset": m.dataset or None,
        "precision": m.precision or None,
        "epoch": m.epoch,
        "step": m.step,
        "run": m.run or None,
        "parent": m.parent or None,
        "source": m.source or None,
    }


def _value(value: Any) -> dict[str, Any]:
    """Columns of a named value; none for a list, an object or nothing."""
    if isinstance(value, bool):
        return {"text": str(value).lower()}
    if isinstance(value, int | float):
        return {"number": float(value)}
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, dict) and isinstance(value.get("class"), str):
        return {"text": value["class"]}
    return {}


def text_of(document: bytes) -> str:
    """A metadata file as the column keeps it; raises ``ValueError`` for what no database takes."""
    text = document.decode()
    if "\\u0000" in text:
        raise ValueError("a text has a zero character, which no database keeps")
    return text


def checkpoint_of(document: str) -> Checkpoint:
    """The checkpoint of a row."""
    return msgspec.json.decode(document, type=Checkpoint)
