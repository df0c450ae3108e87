"""What others are to be told: the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from farm.database.models.base import NAME, Base


class Outbox(Base):
    """A notification for one target, or, without a ``target``, for those that are yet to be found.

    ``notification`` is the same in the rows of one change, whoever it is for. A row is sent from ``due`` on; one that is being
    sent is due again when its claim has run out. States move in :mod:`farm.database.outbox` only.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "state", "target", "due"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    notification: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(NAME))
    detail: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    target: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    due: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    settled: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(1024), default="", server_default="")
