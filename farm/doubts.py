"""What of the selection, and of the bundles that it stands on, cannot be trusted at present: read from the database."""

from __future__ import annotations

from sqlalchemy.orm import Session

from farm.conversion.items import key_of_row
from farm.conversion.repeats import in_doubt
from farm.planning import Doubts


def read_doubts(session: Session) -> Doubts:
    """The doubts of today."""
    return Doubts(
        architectures={
            key_of_row(repeat.conversion): f"conversions of the same code differ: {repeat.difference}"
            for repeat in in_doubt(session)
        }
    )
