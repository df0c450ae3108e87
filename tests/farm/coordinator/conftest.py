"""A coordinator on a wire that is a list, of which a test takes one step after another."""

from __future__ import annotations

import pytest

from farm.coordinator.loop import Coordinator
from farm.database.engine import Database
from farm.inventory import Inventory
from tests.farm.coordinator.wire import Wire
from tests.farm.rows import submit


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def coordinator(database: Database, inventory: Inventory, wire: Wire) -> Coordinator:
    return Coordinator(database, inventory, wire)


@pytest.fixture
def at_work(database: Database, inventory: Inventory, coordinator: Coordinator) -> Coordinator:
    """The coordinator when it has sent the two attempts of ``net``."""
    submit(database, inventory, ["net"])
    coordinator.step()
    return coordinator
