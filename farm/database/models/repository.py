"""What is tested: commits, architectures, the bundles that they become."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    String,
    UniqueConstraint,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farm.database.models.base import HASH, NAME, Base


class Commit(Base):
    """A state of the repository: a commit, or a commit with uncommitted changes (its key says so)."""

    __tablename__ = "commit"
    key: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    sha: Mapped[str] = mapped_column(String(HASH), index=True)
    dirty: Mapped[bool]
    subject: Mapped[str] = mapped_column(String(512))
    date: Mapped[datetime]
    recorded: Mapped[datetime]


class Architecture(Base):
    """A public name of the model repository."""

    __tablename__ = "architecture"
    __table_args__ = (UniqueConstraint("name", "kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME))
    kind: Mapped[str] = mapped_column(String(16))

    @hybrid_property
    def key(self) -> str:
        """``kind:name``, as :class:`farm.source.catalogue.Architecture` has it; in a query too."""
        return self.kind + ":" + self.name


class Bundle(Base):
    """A converted architecture; immutable, named by the hash of its three parts.

    ``files`` are the sha256 of its files but the manifest's (``None`` in rows from before they were recorded), ``collected``
    is since when its artifacts may be gone from the store.
    """

    __tablename__ = "bundle"
    identity: Mapped[str] = mapped_column(String(HASH), primary_key=True)
    graph: Mapped[str] = mapped_column(String(HASH), index=True)
    weights: Mapped[str] = mapped_column(String(HASH))
    samples: Mapped[str] = mapped_column(String(HASH))
    manifest: Mapped[str] = mapped_column(String(HASH))
    files: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    collected: Mapped[datetime | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[dict[str, Any]]
    layers: Mapped[list[Any]]
    ops: Mapped[list[Any]]
    toolchain: Mapped[dict[str, Any]]
    created: Mapped[datetime]
    sample_rows: Mapped[list[Sample]] = relationship(cascade="all, delete-orphan", order_by="Sample.position")


class GraphTraits(Base):
    """What the graphs of bundles ask of a device (:mod:`farm.prediction.traits`); ``graph`` is as bundles have it."""

    __tablename__ = "graph_traits"
    graph: Mapped[str] = mapped_column(String(HASH), primary_key=True)
    version: Mapped[int]
    traits: Mapped[list[Any]]


class Sample(Base):
    """One resolution of a bundle."""

    __tablename__ = "sample"
    __table_args__ = (UniqueConstraint("bundle", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.identity"))
    name: Mapped[str] = mapped_column(String(32))
    position: Mapped[int]


class Snapshot(Base):
    """An architecture at a commit: its closure hash, why it was selected or not, its bundle once there is one."""

    __tablename__ = "snapshot"
    commit: Mapped[str] = mapped_column(ForeignKey("commit.key"), primary_key=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey("architecture.id"), primary_key=True)
    closure: Mapped[str] = mapped_column(String(HASH), index=True)
    selected: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(1024))
    chain: Mapped[list[Any]]
    file: Mapped[str] = mapped_column(String(512))
    line: Mapped[int]
    last_change: Mapped[str] = mapped_column(ForeignKey("commit.key"))
    bundle: Mapped[str | None] = mapped_column(ForeignKey("bundle.identity"), index=True)
    architecture: Mapped[Architecture] = relationship()
