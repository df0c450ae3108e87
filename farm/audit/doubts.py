"""What of the selection, and of the bundles that it stands on, cannot be trusted at present: read from the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from farm.audit.records import open_incidents
from farm.conversion.repeats import in_doubt
from farm.database.models import Incident
from farm.planning.plan import Doubts


def read_doubts(session: Session) -> Doubts:
    """The doubts of today."""
    return Doubts(
        everything=_missed(open_incidents(session)),
        architectures={
            repeat.conversion.architecture.key: f"conversions of the same code differ: {repeat.difference}"
            for repeat in in_doubt(session)
        },
    )


def _missed(incidents: Sequence[Incident]) -> str:
    if not incidents:
        return ""
    first, more = incidents[0], f" (and {len(incidents) - 1} more)" if len(incidents) > 1 else ""
    return (
        f"the selector missed {first.architecture.key} at commit {first.commit[:10]}, incident {first.id}{more}; "
        "fix it, then run farm audit"
    )
