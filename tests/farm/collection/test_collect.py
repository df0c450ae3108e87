from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.collection.collect import collect
from farm.collection.needed import Retention
from farm.database.engine import Database
from farm.database.models import Bundle, Event, Installation
from farm.errors import InfrastructureError, UsageError
from farm.inventory import Inventory
from tests.farm.collection.stores import artifact, bundle_of, commit_of, contents, put_bundles
from tests.farm.rows import START, judge
from tests.workers.bundles import branched
from workers.artifacts import FolderStore, open_store, push_bundle
from workers.artifacts.store import MARK, object_name

NOW = START + timedelta(days=100)
LAST = Retention(commits=1, days=0)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def two(database: Database, inventory: Inventory, store: FolderStore) -> Database:
    """Two commits of one architecture, judged, their artifacts in the store."""
    for day in range(2):
        commit_of(database, inventory, f"c{day}", ["net"], START + timedelta(days=day))
    judge(database, inventory)
    put_bundles(database, store)
    return database


def of(bundle: str) -> set[str]:
    return {f"graph {bundle}", f"sample {bundle}", f"manifest {bundle}"}


def test_what_only_an_old_commit_has_goes_and_what_it_shares_stays(two: Database, store: FolderStore) -> None:
    old, new = (bundle_of(two, f"c{day}", "net") for day in range(2))
    assert contents(store) == {*of(old), *of(new), "weights"}
    planned = collect(two, store, LAST, NOW, dry_run=True)
    assert contents(store) == {*of(old), *of(new), "weights"}
    with two.read() as session:
        assert session.get_one(Bundle, old).collected is None
    assert store.owners() == set()
    done = collect(two, store, LAST, NOW, dry_run=False)
    assert planned == done
    assert contents(store) == {*of(new), "weights"}
    assert done.bundles == (old,)
    assert (done.removed.files, done.removed.size_bytes) == (3, sum(map(len, of(old))))
    assert (done.kept.files, done.young.files, done.missing) == (4, 0, ())
    with two.read() as session:
        assert session.get_one(Bundle, old).collected == NOW
        assert [event.subject for event in session.scalars(select(Event).where(Event.kind == "collected"))] == [old]
    again = collect(two, store, LAST, NOW, dry_run=False)
    assert (again.bundles, again.removed.files) == ((), 0)


def test_what_nobody_ever_recorded_goes_when_it_is_old(two: Database, store: FolderStore) -> None:
    artifact(store, "orphan")
    artifact(store, "fresh", NOW - timedelta(hours=23))
    aside = store.root / "damaged" / f"{'a' * 64}.{'0' * 16}"
    left = store.root / f"{object_name('a' * 64).rpartition('/')[0]}/.{'a' * 64}.{'0' * 16}.tmp"
    for path, age in ((aside, timedelta(days=20)), (left, timedelta(hours=25))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
        os.utime(path, ((NOW - age).timestamp(),) * 2)
    (store.root / "README").write_text("not ours")
    done = collect(two, store, Retention(2, 30), NOW, dry_run=False)
    assert (done.removed.files, done.young.files, done.leftovers.size_bytes) == (1, 1, 5)
    assert "fresh" in contents(store)
    assert "orphan" not in contents(store)
    assert not left.exists()
    assert aside.exists()  # evidence is kept as long as commits are
    collect(two, store, Retention(2, 10), NOW, dry_run=False)
    assert not aside.exists()
    assert (store.root / "README").exists()


def test_what_is_needed_and_missing_is_said(two: Database, store: FolderStore) -> None:
    with two.read() as session:
        lost = session.get_one(Bundle, bundle_of(two, "c1", "net")).manifest
    store.remove([object_name(lost)])
    assert collect(two, store, Retention(), NOW, dry_run=True).missing == (lost,)


def test_a_store_of_two_databases_is_not_touched(two: Database, store: FolderStore) -> None:
    store.register("f" * 32)
    before = contents(store)
    for dry_run in (True, False):
        with pytest.raises(UsageError, match="is used by 1 other database"):
            collect(two, store, LAST, NOW, dry_run=dry_run)
    assert contents(store) == before


def test_a_store_that_is_away_changes_nothing(two: Database, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="is it mounted"):
        collect(two, FolderStore(tmp_path / "file" / "x"), Retention(), NOW, dry_run=True)
    with pytest.raises(InfrastructureError, match="is read-only"):
        collect(two, open_store("http://127.0.0.1:9/x"), LAST, NOW, dry_run=False)
    with two.read() as session:
        assert session.scalars(select(Bundle.collected).where(Bundle.collected.is_not(None))).all() == []


def test_bundles_of_before_their_files_were_recorded(
    two: Database, store: FolderStore, inventory: Inventory, tmp_path: Path
) -> None:
    """Their manifests say; where one is lost, nothing is collected."""
    branched().write(tmp_path / "bundle")
    manifest = push_bundle(store, tmp_path / "bundle")
    for entry in store.list():
        os.utime(store.root / entry.name, (START.timestamp(), START.timestamp()))
    kept = {entry.name for entry in store.list()}
    with two.write() as session:
        row = session.get_one(Bundle, bundle_of(two, "c1", "net"))
        row.manifest, row.files = manifest, None
    done = collect(two, store, LAST, NOW, dry_run=False)
    assert done.missing == ()
    assert {entry.name for entry in store.list()} < kept
    assert len(push_bundle(store, tmp_path / "bundle")) == 64
    store.remove([object_name(manifest)])
    before = {entry.name for entry in store.list()}
    with pytest.raises(InfrastructureError, match=r"cannot be found out, so nothing was collected: .*--reconvert"):
        collect(two, store, Retention(0, 0), NOW, dry_run=False)
    assert {entry.name for entry in store.list()} == before


def test_in_a_bucket(database: Database, inventory: Inventory, bucket: tuple[object, str], tmp_path: Path) -> None:
    """Its clock is its own: what is put now is young now."""
    store = open_store(f"s3://{bucket[1]}/farm")
    for day in range(2):
        commit_of(database, inventory, f"c{day}", ["net"], START + timedelta(days=day))
    judge(database, inventory)
    old, new = (bundle_of(database, f"c{day}", "net") for day in range(2))
    with database.write() as session:
        for bundle in session.scalars(select(Bundle)):
            bundle.files = [store.put(f"{bundle.identity} {i}".encode()) for i in range(3)]
            bundle.manifest = store.put(f"manifest {bundle.identity}".encode())
        kept = session.get_one(Bundle, new)
        needed = {*(kept.files or []), kept.manifest}
    now = datetime.now(UTC)
    young = collect(database, store, LAST, now, dry_run=True)
    assert (young.removed.files, young.young.files) == (0, 4)
    done = collect(database, store, LAST, now + timedelta(days=2), dry_run=False)
    assert (done.bundles, done.removed.files) == ((old,), 4)
    assert {entry.sha256 for entry in store.list()} == needed
    with database.read() as session:
        assert store.owners() == {session.scalars(select(Installation.id)).one()}


def test_a_job_that_is_wanted_at_the_last_moment_is_not_robbed(
    two: Database, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle becomes needed between the listing and the sweep: recorded again, as a converter would."""
    old = bundle_of(two, "c0", "net")
    listing = FolderStore.list

    def late(self: FolderStore) -> object:
        yield from listing(self)
        with two.write(in_turn=True, with_store=True) as session:
            session.get_one(Bundle, old).collected = None

    monkeypatch.setattr(FolderStore, "list", late)
    done = collect(two, store, LAST, NOW, dry_run=False)
    monkeypatch.undo()
    assert done.removed.files == 0
    assert of(old) <= contents(store)


def test_a_killed_collection_is_finished_by_the_next(two: Database, store: FolderStore, tmp_path: Path) -> None:
    """Killed after the first artifact of its sweep."""
    program = (
        "import os, signal, sys\n"
        "from datetime import datetime\n"
        "from pathlib import Path\n"
        "from farm.collection import collect as module\n"
        "from farm.collection.needed import Retention\n"
        "from farm.database.engine import Database\n"
        "from workers.artifacts import FolderStore\n"
        "remove = FolderStore.remove\n"
        "def dying(self, names):\n"
        "    remove(self, names[:1])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "FolderStore.remove = dying\n"
        "module.collect(Database(sys.argv[1]), FolderStore(Path(sys.argv[2])), Retention(1, 0),\n"
        "    datetime.fromisoformat(sys.argv[3]), dry_run=False)\n"
    )
    command = [sys.executable, "-c", program, two.url, str(store.root), NOW.isoformat()]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": "."}, check=False)
    assert killed.returncode == -9
    old, new = (bundle_of(two, f"c{day}", "net") for day in range(2))
    with two.read() as session:
        assert session.get_one(Bundle, old).collected == NOW
    assert len(contents(store) & of(old)) == 2
    done = collect(two, store, LAST, NOW, dry_run=False)
    assert (done.bundles, done.removed.files, done.missing) == ((), 2, ())
    assert contents(store) == {*of(new), "weights"}


RECORDER = (
    "import random, sys, time\n"
    "from farm.database.engine import Database\n"
    "from farm.database.models import Bundle\n"
    "from tests.farm.rows import START\n"
    "from pathlib import Path\n"
    "from sqlalchemy import delete\n"
    "from workers.artifacts import FolderStore\n"
    "url, root, name, turns = sys.argv[1:]\n"
    "database, store = Database(url), FolderStore(Path(root))\n"
    "rng = random.Random(name)\n"
    "robbed = 0\n"
    "for turn in range(int(turns)):\n"
    "    texts = [f'shared {rng.randrange(4)}', f'shared {rng.randrange(4)}', f'own {name}']\n"
    "    while True:\n"
    "        files = sorted({store.put(text.encode()) for text in texts})\n"
    "        time.sleep(rng.uniform(0, 0.01))\n"
    "        with database.write(in_turn=True, with_store=True) as session:\n"
    "            if all(map(store.has, files)):\n"
    "                session.add(Bundle(identity=f'{name} {turn}', graph='', weights='', samples='', manifest=files[0],\n"
    "                    files=files, size_bytes=1, parts={}, layers=[], ops=[], toolchain={}, created=START))\n"
    "                break\n"
    "            robbed += 1\n"
    "    with database.read() as session:\n"
    "        assert all(map(store.has, session.get_one(Bundle, f'{name} {turn}').files)), 'robbed'\n"
    "    with database.write() as session:\n"
    "        session.execute(delete(Bundle).where(Bundle.identity == f'{name} {turn}'))\n"
    "print(robbed)\n"
)


def test_conversions_and_collections_race_and_no_bundle_lacks_an_artifact(database: Database, tmp_path: Path) -> None:
    """Without any grace: everything that no row names at a moment is swept, and recorded bundles are whole all the same.

    What converters do is in the program above, and that the real one does just so, in its own tests.
    """
    store = FolderStore(tmp_path / "store")
    store.put(b"first")
    command = [sys.executable, "-c", RECORDER, database.url, str(store.root)]
    writers = [
        subprocess.Popen(
            [*command, name, "20"], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}
        )
        for name in ("a", "b")
    ]
    removed, ungraceful = 0, Retention(0, 0, timedelta(hours=-1))
    deadline = time.monotonic() + 200
    while any(writer.poll() is None for writer in writers) and time.monotonic() < deadline:
        removed += collect_files(database, store, ungraceful)
    said = [writer.communicate()[0].strip() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert removed > 10
    assert sum(map(int, said)) > 0, "nobody was robbed, so nothing was tried"


def collect_files(database: Database, store: FolderStore, retention: Retention) -> int:
    """A collection that condemns no bundle: the racing rows are made as if long ago."""
    from farm.collection import collect as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "unneeded_bundles", lambda *_: [])
        return collect(database, store, retention, datetime.now(UTC), dry_run=False).removed.files


def test_the_mark_by_which_hosts_know_a_store_stays(two: Database, store: FolderStore) -> None:
    sha256 = store.put(MARK)
    os.utime(store.root / object_name(sha256), (START.timestamp(), START.timestamp()))
    before = collect(two, store, LAST, NOW, dry_run=True)
    assert collect(two, store, LAST, NOW, dry_run=False) == before
    assert store.get(sha256) == MARK
    assert (before.removed.files, before.kept.files, before.missing) == (3, 4, ())
