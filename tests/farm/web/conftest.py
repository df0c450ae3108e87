"""The pages of a farm whose repository, inventory and database are real: asked as a browser does, without a socket between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from farm.settings import Settings
from farm.web.app import create_app
from tests.acceptance.tiny import INVENTORY
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import TinyFarm, tiny_farm


@dataclass
class Pages:
    """A tiny farm, and a client of its pages."""

    farm: TinyFarm
    client: TestClient

    def html(self, path: str, **query: Any) -> str:
        """A page that must be there; redirects are followed."""
        answered = self.client.get(path, params=query)
        assert answered.status_code == 200, f"{path}: {answered.status_code} {answered.text[-400:]}"
        assert answered.headers["content-type"] == "text/html; charset=utf-8"
        return answered.text


@pytest.fixture
def settings(scratch: Scratch, tmp_path: Path, migrated_sqlite: Path) -> Settings:
    """Of the scratch repository, with a database of its own."""
    scratch.write({".gitignore": ".farm/\n", "inventory.yaml": INVENTORY})
    folder = scratch.root / ".farm"
    folder.mkdir()
    (folder / "farm.sqlite").write_bytes(migrated_sqlite.read_bytes())
    return Settings.load(scratch.root, {"XDG_CACHE_HOME": str(tmp_path / "cache")})


@pytest.fixture
def tiny(scratch: Scratch, settings: Settings) -> Iterator[TinyFarm]:
    """The farm of three tiny architectures with one commit, of which nothing was submitted yet."""
    from farm.database.engine import Database

    database = Database(settings.database_url)
    yield tiny_farm(scratch, database)
    database.close()


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[..., TestClient]]:
    """Clients of the application; settings can be replaced by name."""
    from dataclasses import replace

    with ExitStack() as stack:

        def served(**changed: Any) -> TestClient:
            client = TestClient(create_app(replace(settings, **changed)), raise_server_exceptions=False)
            return stack.enter_context(client)

        yield served


@pytest.fixture
def pages(tiny: TinyFarm, serve: Callable[..., TestClient]) -> Pages:
    """The tiny farm after a submission that was converted and judged, and a client of its pages."""
    tiny.submit()
    tiny.convert()
    tiny.judge()
    return Pages(tiny, serve())
