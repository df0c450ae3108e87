"""A farm of tiny networks, and a bundle that any of them may become."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.database.engine import Database
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import TinyFarm, tiny_farm
from tests.workers.bundles import branched


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    branched().write(folder)
    return folder
