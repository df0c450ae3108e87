"""Commands in this process, on the tiny repository."""

import pytest

from tests.farm.cli.conftest import farm, tiny

__all__ = ["farm", "tiny"]


@pytest.fixture(autouse=True)
def _in_the_repository(request: pytest.FixtureRequest) -> None:
    if "farm" in request.fixturenames:
        request.getfixturevalue("tiny")
