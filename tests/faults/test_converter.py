"""A converter that dies between two of its steps: the next one converts again what was not recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.farm_processes import Farm, ModelRepository
from tests.acceptance.tiny import write_tiny

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(240)]


@pytest.mark.parametrize("point", ["convert.claimed", "convert.pushed:2", "convert.recorded"])
def test_a_converter_may_die_anywhere(tmp_path: Path, point: str) -> None:
    repository = ModelRepository(tmp_path / "repository", write_tiny)
    farm = Farm(repository.root, tmp_path, {"FARM_CACHE": str(tmp_path / "cache")})
    farm.environment["FARM_FAILPOINT"] = point
    assert farm.run("submit", "--all").returncode == -9
    del farm.environment["FARM_FAILPOINT"]
    done = farm.run("submit", "--all", "--timeout", "120")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["numpy: 3 SUPPORTED", "exact: 3 SUPPORTED"]
