"""What the table shows of a verdict is what the rows around it say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Attempt, Verdict
from farm.inventory import Inventory
from farm.verdicts import figures
from farm.verdicts.figures import Figures
from farm.verdicts.shown import Shown, pack, unpack
from tests.farm.rows import START, judge, submit
from workers.outcome import Cause, Outcome

DAY = timedelta(days=1)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
texts = st.text(max_size=20)


def rows_say(database: Database) -> list[tuple[Shown, Shown]]:
    """Of each verdict what is kept, and what its rows say."""
    found = []
    with database.read() as session:
        for verdict in session.scalars(select(Verdict).order_by(Verdict.decided)):
            attempt = session.get_one(Attempt, verdict.attempt_id)
            said = Shown(
                Outcome(verdict.outcome),
                verdict.cause,
                attempt.id,
                verdict.proved,
                verdict.measured_id,
                attempt.message,
                attempt.finished,
                attempt.rejudged,
                attempt.device.unit if attempt.device else None,
                attempt.job.submission_id,
                attempt.job.submission.commit,
                figures.unpack(attempt.figures),
            )
            found.append((unpack(verdict.shown), said))
    return found


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.MISMATCH, Outcome.UNSUPPORTED_OP, Outcome.INFRA_ERROR])
def test_what_is_kept_is_what_the_rows_say(database: Database, inventory: Inventory, outcome: Outcome) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory, outcome, Cause.DEVICE_STACK, unit="unit-7")
    found = rows_say(database)
    assert len(found) == len(inventory.devices)
    for kept, said in found:
        assert kept == said
        assert (kept.outcome, kept.unit, kept.commit) == (outcome, "unit-7", "c1")
        assert len(kept.figures.resolutions) == 3
        assert (kept.figures.first_divergent_layer is not None) == (outcome is Outcome.MISMATCH)


def test_a_verdict_that_quotes_another_attempt_shows_that(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    judge(database, inventory, stack="old")
    submit(database, inventory, ["net"], "c2", date=START + DAY, submitted=START + DAY)
    before = [kept for kept, _ in rows_say(database)]
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK, stack="new", unit="unit-2", now=START + DAY)
    found = rows_say(database)
    assert all(kept == said for kept, said in found)
    assert [kept for kept, _ in found][: len(before)] == before


@given(
    moments,
    st.none() | moments,
    st.lists(st.none() | texts, min_size=3, max_size=3),
    st.lists(texts, min_size=3, max_size=3),
    st.booleans(),
)
def test_what_is_packed_comes_out(
    proved: datetime, finished: datetime | None, maybe: list[str | None], given: list[str], has_figures: bool
) -> None:
    columns: dict[str, Any] = {
        "outcome": Outcome.PASS, "cause": Cause.UNKNOWN, "attempt_id": "a", "proved": proved, "measured_id": maybe[0]
    }  # fmt: skip
    message, submission, commit = given
    packed = pack(
        columns,
        (message, finished, maybe[1], maybe[2], submission, commit),
        figures.pack([], ["gelu"]) if has_figures else None,
    )
    assert unpack(packed) == Shown(
        Outcome.PASS,
        "unknown",
        "a",
        proved,
        maybe[0],
        message,
        finished,
        maybe[1],
        maybe[2],
        submission,
        commit,
        Figures(unsupported=("gelu",)) if has_figures else Figures(),
    )
