import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactUnavailable, FolderStore
from workers.artifacts.store import object_name

SHA = hashlib.sha256(b"content").hexdigest()


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store")


def files(store):
    return sorted(str(p.relative_to(store.root)) for p in store.root.rglob("*") if p.is_file())


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=100))
def test_what_is_put_is_got_by_its_hash(tmp_path_factory, data):
    store = FolderStore(tmp_path_factory.mktemp("store"))
    assert store.put(memoryview(data)) == hashlib.sha256(data).hexdigest() == store.put(data)
    assert store.get(hashlib.sha256(data).hexdigest()) == data


def test_an_artifact_is_one_read_only_file(store):
    assert store.put(b"content") == SHA
    assert files(store) == [object_name(SHA)]
    assert (store.root / object_name(SHA)).stat().st_mode & 0o222 == 0
    assert store.has(SHA)
    assert not store.has("0" * 64)


def test_an_artifact_that_is_there_is_not_written_again(store):
    store.put(b"content")
    before = (store.root / object_name(SHA)).stat()
    store.put(b"content")
    after = (store.root / object_name(SHA)).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_store_that_lacks_an_artifact_is_not_one_that_is_away(store):
    with pytest.raises(ArtifactUnavailable, match=r"store does not exist; is it mounted\?"):
        store.get(SHA)
    with pytest.raises(ArtifactUnavailable, match="does not exist"):
        store.has(SHA)
    store.put(b"other")
    with pytest.raises(ArtifactMissing, match=f"artifact {SHA} is not in {store}"):
        store.get(SHA)


@pytest.mark.parametrize("damage", [b"", b"conten", b"Content", b"content and more"])
def test_damage_is_seen_on_reading_and_mended_by_putting(store, damage):
    store.put(b"content")
    path = store.root / object_name(SHA)
    path.chmod(0o644)
    path.write_bytes(damage)
    with pytest.raises(ArtifactCorrupt, match=f"artifact {SHA} in .* is damaged"):
        store.get(SHA)
    store.put(b"content")
    assert store.get(SHA) == b"content"
    assert files(store) == [object_name(SHA)]


def test_what_is_too_long_is_not_read(store):
    store.put(b"content")
    assert store.get(SHA, limit=7) == b"content"
    path = store.root / object_name(SHA)
    path.chmod(0o644)
    os.truncate(path, 1 << 40)
    with pytest.raises(ArtifactCorrupt, match="has 1099511627776 bytes, 7 at most"):
        store.get(SHA, limit=7)


def test_names_are_checked_before_the_disk_is_touched(store):
    for call in (store.get, store.has):
        with pytest.raises(ValueError, match="is not a sha256"):
            call("../../../etc/passwd")


def test_trouble_with_the_disk_is_the_stores(store, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactUnavailable, match=r"cannot be used: \[Errno 28\] No space left"):
        store.put(b"content")
    assert files(store) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactUnavailable, match="cannot be used"):
        FolderStore(tmp_path / "file").put(b"content")
    (store.root / object_name(SHA)).mkdir(parents=True)
    with pytest.raises(ArtifactUnavailable, match="Is a directory"):
        store.get(SHA)


def test_many_writers_of_one_artifact_all_succeed(store):
    data = random.Random(1).randbytes(200_000)
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(store.put, [data] * 32))
    assert len(names) == 1
    assert store.get(names.pop()) == data
    assert len(files(store)) == 1


def test_a_killed_writer_leaves_no_half_artifact(store):
    program = (
        "import sys, itertools\n"
        "from pathlib import Path\n"
        "from workers.artifacts import FolderStore\n"
        "store = FolderStore(Path(sys.argv[1]))\n"
        "print('ready', flush=True)\n"
        "for i in itertools.count():\n"
        "    store.put(str(i).encode() * 50_000)\n"
    )
    rng = random.Random(3)
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(store.root)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": "."},
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.01, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    artifacts = [p for p in store.root.rglob("*") if p.is_file() and not p.name.startswith(".")]
    assert artifacts
    for path in artifacts:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
