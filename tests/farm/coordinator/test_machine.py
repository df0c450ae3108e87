"""The state machine of :mod:`tests.farm.coordinator.machine` on both databases."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import text

from farm.database.engine import Database
from farm.database.models import Base
from farm.inventory import Inventory
from tests.farm.coordinator.machine import Queue

#: Set it to look longer than a test run can.
EXAMPLES = int(os.environ.get("FARM_MACHINE_EXAMPLES", "0"))
QUIET = list(HealthCheck)


def run(make: Callable[[], Database], inventory: Inventory, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Queue(make, inventory),
        settings=settings(max_examples=EXAMPLES or examples, stateful_step_count=steps, suppress_health_check=QUIET),
    )


def test_the_queue_loses_nothing_whatever_happens(migrated_sqlite: Path, tmp_path: Path, inventory: Inventory) -> None:
    numbers = itertools.count()

    def make() -> Database:
        return Database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / f'{next(numbers)}.sqlite')}")

    run(make, inventory, examples=12, steps=40)


@pytest.mark.server
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_queue_loses_nothing_on_a_server(database: Database, inventory: Inventory) -> None:
    tables = ", ".join(f'"{name}"' for name in Base.metadata.tables if name != "installation")

    def make() -> Database:
        with database.write() as session:
            session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        return Database(database.url)

    run(make, inventory, examples=3, steps=30)
