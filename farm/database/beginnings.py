"""Ids by their first digits, as people give them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from farm.errors import UsageError

#: Digits that are enough, where no other id begins with them.
SHORTEST = 4


def id_beginning(session: Session, ids: InstrumentedAttribute[str], digits: str, what: str) -> str | None:
    """The one of ``ids`` that begins with ``digits``, ``None`` where there is none or the digits are too few.

    Raises:
        UsageError: several begin so; its text says of ``what``, such as ``attempt``.
    """
    if len(digits) < SHORTEST or not digits.isalnum():
        return None
    found = session.scalars(select(ids).where(ids.startswith(digits)).order_by(ids).limit(2)).all()
    if len(found) > 1:
        raise UsageError(f"more than one {what} begins with {digits!r}; give more digits")
    return found[0] if found else None
