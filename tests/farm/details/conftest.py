"""A database on SQLite: ``test_both_databases.py`` asks everything of both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.database.engine import Database


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated database."""
    made = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'farm.sqlite')}")
    yield made
    made.close()
