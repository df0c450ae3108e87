"""What the database knows of itself, and the record of who moved what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from farm.database.models.base import NAME, Base


class Installation(Base):
    """The id of this database, made with its schema: by it an artifact store knows whose artifacts it has."""

    __tablename__ = "installation"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)


class Event(Base):
    """The audit log: who moved what, when; append-only."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32), index=True)
    subject: Mapped[str] = mapped_column(String(NAME), index=True)
    detail: Mapped[dict[str, Any]]
