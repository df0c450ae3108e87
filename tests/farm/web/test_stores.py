"""What pages read from besides the database: what is there is kept, what is not may come."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from farm.web.stores import Stores
from tests.farm.tinyfarm import TinyFarm
from tests.farm.web.conftest import settings_of
from tests.workers.bundles import branched
from workers.artifacts import open_store, push_bundle

KEY = "network:tiny"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    branched().write(tmp_path / "bundle")
    return tmp_path / "bundle"


def test_an_origin_is_read_once_and_what_hindered_it_may_be_mended(
    tiny: TinyFarm, bundle: Path, tmp_path: Path
) -> None:
    settings = replace(settings_of(tiny.scratch.root), store_url=str(tmp_path / "store"))
    stores, manifest = Stores(settings), push_bundle(open_store(tmp_path / "other"), bundle)
    assert stores.origin(tiny.inventory, manifest, KEY, None).problem
    push_bundle(open_store(settings.store_url), bundle)
    found = stores.origin(tiny.inventory, manifest, KEY, None)
    assert (found.problem, len(found.map.modules) > 0) == ("", True)
    shutil.rmtree(tmp_path / "store")
    assert stores.origin(tiny.inventory, manifest, KEY, None) == found


def test_of_a_commit_that_the_repository_has_no_more_there_are_modules_without_lines(
    tiny: TinyFarm, bundle: Path, tmp_path: Path
) -> None:
    settings = replace(settings_of(tiny.scratch.root), store_url=str(tmp_path / "store"))
    manifest = push_bundle(open_store(settings.store_url), bundle)
    found = Stores(settings).origin(tiny.inventory, manifest, KEY, "0" * 40)
    assert found == Stores(settings).origin(tiny.inventory, manifest, KEY, None)


def test_a_store_that_is_none_is_said(tiny: TinyFarm) -> None:
    settings = replace(settings_of(tiny.scratch.root), store_url="gopher://store")
    assert Stores(settings).origin(tiny.inventory, "a" * 64, KEY, None).problem.startswith("FARM_STORE_URL: ")
