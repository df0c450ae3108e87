"""A repository of tiny networks that was submitted whole, and copies of it to be changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.farm_processes import Farm, ModelRepository
from tests.acceptance.tiny import write_tiny


@pytest.fixture(scope="session")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ModelRepository, Farm]]:
    """A repository whose first commit was submitted whole; only to be read."""
    folder = tmp_path_factory.mktemp("local")
    repository = ModelRepository(folder / "repository", write_tiny)
    farm = Farm(repository.root, folder, {"FARM_CACHE": str(folder / "cache")})
    done = farm.run("submit", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    yield repository, farm
    farm.stop()


@pytest.fixture
def copied(submitted: tuple[ModelRepository, Farm], tmp_path: Path) -> tuple[ModelRepository, Farm]:
    """A copy of that repository, table included, to be changed."""
    repository, farm = submitted
    shutil.copytree(repository.root, tmp_path / "repository")
    copy = ModelRepository.__new__(ModelRepository)
    copy.root = tmp_path / "repository"
    return copy, Farm(copy.root, tmp_path, farm.environment)
