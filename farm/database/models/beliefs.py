"""What device types are believed to do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from farm.database.models.base import NAME, Base


class Belief(Base):
    """A :class:`farm.prediction.belief.Belief` of a device type's configuration on these stacks, under a policy; derived.

    It was learnt from the verdicts up to ``newest``, on traits of ``version``.
    """

    __tablename__ = "belief"
    device_type_id: Mapped[int] = mapped_column(ForeignKey("device_type.id"), primary_key=True)
    policy: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    version: Mapped[int]
    stacks: Mapped[list[Any]]
    newest: Mapped[datetime]
    body: Mapped[bytes]
