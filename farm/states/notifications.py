"""What others are told of, and what is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """A state that changed; scripts rely on the words."""

    UNIT_HEALTH = "unit health changed"
    SUBMISSION_FINISHED = "submission finished"
    JOB_QUARANTINED = "job quarantined"
    REGRESSION_OPENED = "regression opened"
    REGRESSION_CLOSED = "regression closed"


@dataclass(frozen=True, slots=True)
class Notification:
    """One change.

    Args:
        id: the same however often it is sent: by it a receiver knows that it has it already.
        kind: what changed.
        subject: whose state: a submission's id, a job's number, a unit.
        detail: the rest, as JSON.
        at: when it changed, by the clock of whoever changed it.
    """

    id: str
    kind: str
    subject: str
    detail: Mapping[str, Any]
    at: datetime

    def document(self) -> dict[str, Any]:
        """``farm-notification/1``, without its schema."""
        return {
            "id": self.id,
            "kind": self.kind,
            "subject": self.subject,
            "at": self.at.isoformat(),
            "detail": dict(self.detail),
        }
