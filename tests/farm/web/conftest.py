"""The pages of a farm whose repository, inventory and database are real: asked as a browser does, without a socket between."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from farm.database.engine import Database
from farm.settings import Settings
from farm.web.app import create_app
from tests.acceptance.tiny import INVENTORY
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, TinyFarm, tiny_farm
from workers.outcome import Outcome


@dataclass
class Pages:
    """A tiny farm, and a client of its pages."""

    farm: TinyFarm
    client: TestClient

    def html(self, path: str, **query: Any) -> str:
        """A page that must be there; redirects are followed."""
        answered = self.client.get(path, params=query or None)
        assert answered.status_code == 200, f"{path}: {answered.status_code} {answered.text[-400:]}"
        assert answered.headers["content-type"] == "text/html; charset=utf-8"
        return answered.text


@dataclass(frozen=True)
class Prepared:
    """A tiny farm to be copied: making it anew for each test takes longer than the tests."""

    folder: Path
    commits: int

    def copy(self, folder: Path) -> TinyFarm:
        scratch = Scratch(folder)
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        scratch.commits = self.commits
        return TinyFarm(scratch, Database(settings_of(folder).database_url))


def settings_of(repository: Path) -> Settings:
    """With a database in the repository, and a cache beside it."""
    return Settings.load(repository, {"XDG_CACHE_HOME": str(repository.parent / "cache")})


def run(farm: TinyFarm, outcome: Outcome = Outcome.PASS) -> None:
    """Submit what is checked out, and end all that it takes."""
    farm.submit()
    farm.convert()
    farm.judge(outcome)


@pytest.fixture(scope="session")
def new_farm(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Prepared:
    """Three tiny architectures, one commit, nothing submitted."""
    folder = tmp_path_factory.mktemp("new") / "repository"
    scratch = Scratch(folder)
    scratch.write({".gitignore": ".farm/\n", "inventory.yaml": INVENTORY})
    (folder / ".farm").mkdir()
    shutil.copy(migrated_sqlite, folder / ".farm" / "farm.sqlite")
    tiny_farm(scratch, Database(settings_of(folder).database_url)).database.close()
    return Prepared(folder, scratch.commits)


@pytest.fixture(scope="session")
def judged_farm(new_farm: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The same, submitted, converted and judged: everything is supported."""
    farm = new_farm.copy(tmp_path_factory.mktemp("judged") / "repository")
    run(farm)
    farm.database.close()
    return Prepared(farm.scratch.root, farm.scratch.commits)


@pytest.fixture(scope="session")
def changed_farm(judged_farm: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Two commits later: at the second the block and what uses it fail, at the third they are as they were at first."""
    farm = judged_farm.copy(tmp_path_factory.mktemp("changed") / "repository")
    for old, new, outcome in (("8", "16", Outcome.MISMATCH), ("16", "8", Outcome.PASS)):
        farm.edit(BLOCK, f"channels: int = {old}", f"channels: int = {new}")
        farm.scratch.commit({}, f"{new} <channels> & more")
        run(farm, outcome)
    farm.database.close()
    return Prepared(farm.scratch.root, farm.scratch.commits)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """Clients of the application for the test's own repository; settings can be replaced by name."""
    with ExitStack() as stack:

        def served(**changed: Any) -> TestClient:
            app = create_app(replace(settings_of(tmp_path / "repository"), **changed))
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield served


@pytest.fixture
def tiny(new_farm: Prepared, tmp_path: Path) -> Iterator[TinyFarm]:
    """The farm of three tiny architectures with one commit, of which nothing was submitted yet."""
    farm = new_farm.copy(tmp_path / "repository")
    yield farm
    farm.database.close()


@pytest.fixture
def pages(judged_farm: Prepared, tmp_path: Path, serve: Callable[..., TestClient]) -> Iterator[Pages]:
    """The tiny farm after a submission that was converted and judged, and a client of its pages."""
    farm = judged_farm.copy(tmp_path / "repository")
    yield Pages(farm, serve())
    farm.database.close()


@pytest.fixture
def changed(changed_farm: Prepared, tmp_path: Path, serve: Callable[..., TestClient]) -> Iterator[Pages]:
    """The tiny farm at its third commit, and a client of its pages."""
    farm = changed_farm.copy(tmp_path / "repository")
    yield Pages(farm, serve())
    farm.database.close()
