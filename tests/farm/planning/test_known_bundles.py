"""What need not be converted: a submission takes it over, and what a plan would cost says so beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from farm.database.engine import Database
from farm.database.models import Bundle, Conversion
from farm.planning.cost import CONVERSION, estimate, read_history
from farm.planning.last_change import last_changes
from farm.planning.plan import Plan, SourceReader
from farm.submission.record import record
from tests.farm.conftest import Scratch
from tests.farm.rows import START
from tests.farm.tinyfarm import TOOLCHAIN, TinyFarm, tiny_farm
from workers.outcome import Outcome


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    made = tiny_farm(scratch, database)
    made.submit()
    made.convert()
    return made


def of_wide(farm: TinyFarm) -> str:
    bundle = farm.snapshots(farm.scratch.git("rev-parse", "HEAD"))["wide"].bundle
    assert bundle is not None
    return bundle


def unchanged(farm: TinyFarm) -> None:
    """All that was converted is known."""


def collected(farm: TinyFarm) -> None:
    with farm.database.write() as session:
        session.execute(update(Bundle).where(Bundle.identity == of_wide(farm)).values(collected=START))


def collected_and_judged(farm: TinyFarm) -> None:
    farm.judge()
    collected(farm)


def collected_and_failed_long_ago(farm: TinyFarm) -> None:
    farm.judge(Outcome.MISMATCH, now=START - farm.inventory.inheritance.failures_for - timedelta(hours=1))
    collected(farm)


def differing(farm: TinyFarm) -> None:
    wide = farm.snapshots(farm.scratch.git("rev-parse", "HEAD"))["wide"]
    with farm.database.write() as session:
        rows = select(Conversion).where(Conversion.architecture_id == wide.architecture_id)
        for row in session.scalars(rows):
            row.outcome = Outcome.NONDETERMINISTIC


def plan_of(farm: TinyFarm, fresh: bool) -> Plan:
    plan = farm.plan()
    return replace(plan, fresh=frozenset({"network:wide"})) if fresh else plan


@pytest.mark.parametrize(
    ("becomes", "fresh", "converts"),
    [
        (unchanged, False, []),
        (unchanged, True, ["network:wide"]),
        (differing, False, ["network:wide"]),
        (collected, False, ["network:wide"]),
        (collected_and_judged, False, []),
        (collected_and_failed_long_ago, False, ["network:wide"]),
    ],
)
def test_what_is_counted_is_what_is_converted(
    farm: TinyFarm, becomes: Callable[[TinyFarm], None], fresh: bool, converts: list[str]
) -> None:
    becomes(farm)
    plan, units = plan_of(farm, fresh), {name: d.units for name, d in farm.inventory.devices.items()}
    with farm.database.read() as session:
        made = estimate(plan, units, read_history(session, plan, farm.inventory, TOOLCHAIN, now=START))
    assert [key for key, needs in made.architectures.items() if CONVERSION in needs] == converts
    changes = last_changes(SourceReader(farm.repository, farm.inventory), plan, ("models",), {})
    record(farm.database, plan, farm.inventory, TOOLCHAIN, changes, now=START)
    with farm.database.read() as session:
        queued = session.scalars(select(Conversion).where(Conversion.state == "queued")).all()
        assert [row.architecture.key for row in queued] == converts
