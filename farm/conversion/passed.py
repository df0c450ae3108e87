"""The earlier commits at which an architecture passed, by device type: a bundle's manifest names them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database.models import Commit, DeviceType, Snapshot, Verdict
from farm.states.verdict import Verdict as VerdictName

#: Newest commits named for each device type.
NAMED = 10


def passed_commits(session: Session, architecture_id: int) -> dict[str, list[str]]:
    """Keys of the newest commits whose bundle of the architecture is SUPPORTED, newest first, by device type."""
    query = (
        select(DeviceType.name, Commit.key)
        .join(Verdict, Verdict.device_type_id == DeviceType.id)
        .join(Snapshot, Snapshot.bundle == Verdict.bundle)
        .join(Commit, Commit.key == Snapshot.commit)
        .where(Snapshot.architecture_id == architecture_id, Verdict.verdict == VerdictName.SUPPORTED)
        .order_by(Commit.date.desc(), Commit.recorded.desc())
    )
    found: dict[str, list[str]] = {}
    for device, commit in session.execute(query):
        commits = found.setdefault(device, [])
        if commit not in commits and len(commits) < NAMED:
            commits.append(commit)
    return found
