"""The farm that the rows of the fault matrix share: each leaves it at work. ``make faults`` runs the nightly ones too."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.faults.small_farm import SmallFarm, small_farm


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without FARM_FAULTS=all, what takes long is left to ``make faults``."""
    if os.environ.get("FARM_FAULTS") == "all":
        return
    nightly = [item for item in items if item.get_closest_marker("nightly")]
    config.hook.pytest_deselected(items=nightly)
    items[:] = [item for item in items if item not in nightly]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallFarm]:
    with small_farm(tmp_path_factory.mktemp("faults")) as farm:
        yield farm


@pytest.fixture
def farm(shared: SmallFarm) -> Iterator[SmallFarm]:
    """At work, with nothing to do."""
    yield shared
    if not shared.host.lives:
        shared.restart_host()
    if not shared.coordinator.lives:
        shared.restart_coordinator()
