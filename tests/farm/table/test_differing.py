"""The tables of two commits, without what cannot differ."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from farm.database import models as db
from farm.database.engine import Database
from farm.inventory import Inventory
from farm.states.conversions import ConversionState
from farm.table.diff import Diff, Effect, compare
from farm.table.table import build_differing, build_table
from tests.farm.rows import START, judge, submit
from workers.outcome import Cause, Outcome


def differences(database: Database, inventory: Inventory) -> tuple[Diff, set[str]]:
    """Between both commits, and the architectures that were looked at for it; the same as between the whole tables."""
    with database.read() as session:
        tables = build_differing(session, "one", "two", inventory)
        whole = [build_table(session, commit, inventory) for commit in ("one", "two")]
    found = compare(*tables, 1.5)
    assert [(d.effect, d.device, d.row.name) for d in found.differences] == [
        (d.effect, d.device, d.row.name) for d in compare(*whole, 1.5).differences
    ]
    return found, {row.name for table in tables for row in table.rows}


def test_an_equal_bundle_is_not_looked_at_unless_its_conversion_says_something(
    database: Database, inventory: Inventory
) -> None:
    later = START + timedelta(days=1)
    submit(database, inventory, ["breaks", "stays", "leaves"], "one", version="1")
    judge(database, inventory)
    submit(database, inventory, ["stays"], "two", version="1", date=later, submitted=later)
    submit(database, inventory, ["breaks"], "two", version="2", date=later, submitted=later + timedelta(hours=1))
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    found, looked_at = differences(database, inventory)
    assert looked_at == {"breaks", "leaves"}
    assert {d.row.name: d.effect for d in found.differences} == {"breaks": Effect.BROKEN, "leaves": Effect.GONE}
    with database.write() as session:
        session.add(
            db.Conversion(
                submission_id=session.scalars(select(db.Submission.id).where(db.Submission.commit == "two")).first(),
                commit="two",
                architecture_id=session.scalar(select(db.Architecture.id).where(db.Architecture.name == "stays")),
                priority=0,
                state=ConversionState.DONE,
                outcome=Outcome.NONDETERMINISTIC,
                cause=Cause.MODEL_CODE,
            )
        )
    found, looked_at = differences(database, inventory)
    assert "stays" in looked_at
    assert {d.effect for d in found.differences if d.row.name == "stays"} == {Effect.BROKEN}
