"""``farm gc`` as people and scripts meet it, on a repository with two old commits."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.cli import main
from farm.collection.here import collect_here
from farm.collection.needed import Retention
from farm.database.engine import Database, open_database
from farm.database.models import Bundle, Job
from farm.inventory import Inventory
from tests.acceptance.tiny import FILES
from tests.farm.collection.stores import bundle_of, commit_of, contents, put_bundles
from tests.farm.conftest import Scratch
from tests.farm.rows import START, judge
from workers.artifacts import FolderStore, hold_bundle, push_bundle
from workers.artifacts.store import object_name


@pytest.fixture
def farm(scratch: Scratch, inventory: Inventory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Database:
    """Two commits' bundles, 60 days old, the older named by a tag; the command's surroundings."""
    shas = [scratch.commit(FILES, "First"), scratch.commit({"README": "x"}, "Second")]
    scratch.git("tag", "v1", shas[0])
    monkeypatch.chdir(scratch.root)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, value in {
        "FARM_DATABASE_URL": f"sqlite:///{tmp_path / 'farm.sqlite'}",
        "FARM_STORE_URL": str(tmp_path / "store"),
        "FARM_CACHE": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    database = open_database(os.environ["FARM_DATABASE_URL"])
    for day, sha in enumerate(shas):
        commit_of(database, inventory, sha, ["net"], START + timedelta(days=day), version=f"{day}")
    judge(database, inventory)
    put_bundles(database, FolderStore(tmp_path / "store"))
    return database


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(["gc", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code, out, err


def store_of(farm: Database) -> FolderStore:
    return FolderStore(Path(os.environ["FARM_STORE_URL"]))


def test_a_dry_run_says_and_a_run_does(farm: Database, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(store_of(farm))
    code, out, _ = run(capsys, "--keep-commits", "1", "--dry-run", "--json")
    planned = json.loads(out)
    assert code == 0
    assert planned["schema"] == "farm-gc/1"
    assert contents(store_of(farm)) == before
    code, out, _ = run(capsys, "--keep-commits", "1", "--json")
    done = json.loads(out)
    assert {**planned, "dry_run": False} == done
    assert list(done) == [
        "schema",
        "dry_run",
        "store",
        "bytes_freed",
        "bundles",
        "removed",
        "leftovers",
        "young",
        "kept",
        "missing",
        "cache",
        "conversions",
    ]
    assert done["removed"] == {"artifacts": 3, "bytes": done["bytes_freed"]}
    assert done["kept"]["artifacts"] == len(contents(store_of(farm))) == len(before) - 3


def test_what_people_read(farm: Database, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--keep-commits", "1", "--dry-run")
    assert (code, err) == (0, "")
    assert "1 bundle no longer needed" in out
    assert "3 (214 B) of artifacts would go" in out
    assert out.splitlines()[-1] == "would free 214 B"


def test_a_commit_is_kept_by_its_tag(farm: Database, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--keep-commits", "1", "--keep", "v1", "--json")
    assert (code, json.loads(out)["bundles"]) == (0, [])
    code, _, err = run(capsys, "--keep", "nonsense")
    assert code in (2, 4)
    assert "nonsense" in err


def test_what_is_missing_is_a_bad_result(farm: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with farm.read() as session:
        lost = session.scalars(select(Bundle.manifest)).first()
        assert lost is not None
    store_of(farm).remove([object_name(lost)])
    code, out, _ = run(capsys)
    assert code == 1
    assert f"not in the store, though needed: 1 artifact, first {lost}" in out


def test_a_store_that_cannot_be_collected(
    farm: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for url, code, said in (
        ("gopher://x", 2, "FARM_STORE_URL: 'gopher://x' is no artifact store"),
        ("http://127.0.0.1:9", 3, "is read-only"),
        (str(tmp_path / "not mounted"), 3, "is it mounted?"),
    ):
        monkeypatch.setenv("FARM_STORE_URL", url)
        found, _, err = run(capsys)
        assert found == code
        assert said in err
        assert err.count("\n") == 1
    assert not (tmp_path / "not mounted").exists()


def test_the_cache_and_the_folders_of_killed_converters(farm: Database, tmp_path: Path) -> None:
    from tests.workers.bundles import branched

    other, cache, now = FolderStore(tmp_path / "other"), tmp_path / "cache", datetime.now(UTC)
    branched().write(tmp_path / "bundle")
    name = push_bundle(other, tmp_path / "bundle")
    left = tmp_path / "farm-conversion-dead"
    left.mkdir()
    (left / "x").write_bytes(bytes(100))

    def age() -> None:
        for path in (left, cache / name, *(cache / ".files").iterdir()):
            if path.exists():
                os.utime(path, (START.timestamp(),) * 2)

    def collected(*, dry_run: bool = False) -> tuple[int, int, int]:
        done = collect_here(farm, store_of(farm), cache, 1 << 40, Retention(), now, dry_run=dry_run)
        return done.cache_entries, done.cache_bytes, done.scratch.size_bytes

    with hold_bundle(other, name, cache):
        size = sum(path.stat().st_size for path in (cache / ".files").iterdir())
        age()
        assert collected(dry_run=True)[0] == 1
        assert collected() == (0, 0, 100)
        assert (cache / name).exists()
    age()
    assert collected(dry_run=True) == (1, size, 0)
    assert collected() == (1, size, 0)
    assert not (cache / name).exists()
    assert collected() == (0, 0, 0)


def test_an_open_job_keeps_its_bundle(farm: Database, capsys: pytest.CaptureFixture[str], scratch: Scratch) -> None:
    bundle = bundle_of(farm, scratch.git("rev-parse", "v1"), "net")
    with farm.write() as session:
        for job in session.scalars(select(Job).where(Job.bundle == bundle)):
            job.state = "queued"
    code, out, _ = run(capsys, "--keep-commits", "1", "--keep-days", "0", "--grace-hours", "0", "--json")
    assert (code, json.loads(out)["bundles"]) == (0, [])
