"""What the tests of notifications are on: a database, and somebody who says something in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from farm.database.engine import Database
from farm.database.outbox import notify
from farm.states.notifications import Kind
from tests.farm.rows import START

Tell = Callable[..., None]


@pytest.fixture
def tell(database: Database) -> Tell:
    """Says that a job is in quarantine, in a transaction of its own."""

    def said(subject: str = "17", kind: Kind = Kind.JOB_QUARANTINED, **detail: object) -> None:
        about = {"architecture": "network:net", "device": "numpy", "commit": "c1", "reason": "lost", **detail}
        with database.write() as session:
            notify(session, kind, subject, about, START)

    return said
