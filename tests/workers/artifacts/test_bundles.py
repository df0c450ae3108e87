import hashlib
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mcore.platform.errors import FormatError
from mcore.platform.format import read_bundle, read_manifest
from tests.mcore.platform.format.networks import small_bundle
from tests.workers.artifacts.servers import serving
from workers.artifacts import (
    ArtifactCorrupt,
    ArtifactMissing,
    ArtifactUnavailable,
    FolderStore,
    fetch_bundle,
    open_store,
    push_bundle,
)
from workers.artifacts.store import object_name


class CountingStore(FolderStore):
    """A folder store that notes what is asked of it."""

    def __init__(self, root) -> None:
        super().__init__(root)
        self.asked: list[str] = []

    def get(self, sha256: str, *, limit: int | None = None) -> bytes:
        self.asked.append(sha256)
        return super().get(sha256, limit=limit)


@pytest.fixture
def bundle(tmp_path):
    small_bundle(tmp_path / "net")
    return tmp_path / "net"


@pytest.fixture
def store(tmp_path):
    return CountingStore(tmp_path / "store")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def hidden(cache):
    return [p.name for p in cache.iterdir() if p.name.startswith(".") and p.name != ".locks"]


def test_a_bundle_arrives_as_it_left(bundle, store, cache):
    sha256 = push_bundle(store, bundle)
    assert sha256 == hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    folder = fetch_bundle(store, sha256, cache)
    assert folder == cache / sha256
    assert contents(folder) == contents(bundle)
    assert str(read_bundle(folder).manifest.identity) == str(read_manifest(bundle).identity)
    assert hidden(cache) == []


def test_files_that_two_bundles_share_are_stored_once(bundle, store, tmp_path):
    push_bundle(store, bundle)
    before = len(contents(store.root))
    small_bundle(tmp_path / "later", commit="e" * 40)
    assert push_bundle(store, tmp_path / "later") != push_bundle(store, bundle)
    assert len(contents(store.root)) == before + 1


def test_a_damaged_bundle_is_not_pushed(bundle, store):
    data = (bundle / "weights.safetensors").read_bytes()
    (bundle / "weights.safetensors").write_bytes(data[:-1] + b"\x55")
    with pytest.raises(FormatError, match=r"^weights\.safetensors: the sha256 is not the manifest's"):
        push_bundle(store, bundle)
    manifest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    assert not (store.root / object_name(manifest)).exists()


def test_a_cached_bundle_is_not_fetched_again(bundle, store, cache):
    sha256 = push_bundle(store, bundle)
    fetch_bundle(store, sha256, cache)
    asked = len(store.asked)
    shutil.rmtree(store.root)
    fetch_bundle(store, sha256, cache)
    assert len(store.asked) == asked


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "extra", "manifest", "empty", "link"])
def test_a_damaged_cache_is_mended(bundle, store, cache, damage):
    sha256 = push_bundle(store, bundle)
    folder = fetch_bundle(store, sha256, cache)
    weights = folder / "weights.safetensors"
    data = weights.read_bytes()
    if damage == "flip":
        weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif damage == "cut":
        os.truncate(weights, 10)
    elif damage == "missing":
        weights.unlink()
    elif damage == "extra":
        (folder / "evil.py").write_text("")
    elif damage == "manifest":
        shutil.rmtree(folder)
        small_bundle(folder, commit="another bundle")
    elif damage == "empty":
        shutil.rmtree(folder)
        folder.mkdir()
    else:
        weights.rename(cache / "elsewhere")
        weights.symlink_to(cache / "elsewhere")
    store.asked.clear()
    assert fetch_bundle(store, sha256, cache) == folder
    assert contents(folder) == contents(bundle)
    assert store.asked.count(sha256) == 1
    assert hidden(cache) == []


def test_damage_in_the_store_reaches_no_cache(bundle, store, cache):
    sha256 = push_bundle(store, bundle)
    entry = read_manifest(bundle).files["weights.safetensors"]
    path = store.root / object_name(entry.sha256)
    path.chmod(0o644)
    path.write_bytes(b"\0" * entry.size)
    with pytest.raises(ArtifactCorrupt, match=f"artifact {entry.sha256} in"):
        fetch_bundle(store, sha256, cache)
    path.write_bytes(b"\0" * (entry.size + 1))
    with pytest.raises(ArtifactCorrupt, match=f"has {entry.size + 1} bytes, {entry.size} at most"):
        fetch_bundle(store, sha256, cache)
    path.unlink()
    with pytest.raises(ArtifactMissing, match=entry.sha256):
        fetch_bundle(store, sha256, cache)
    assert not (cache / sha256).exists()
    assert hidden(cache) == []


def test_an_artifact_that_is_no_manifest(store, cache):
    sha256 = store.put(b"words")
    with pytest.raises(
        ArtifactCorrupt, match=rf"artifact {sha256} is not the manifest of a bundle: manifest\.json: not JSON"
    ):
        fetch_bundle(store, sha256, cache)


@pytest.mark.parametrize("name", ["", "..", "../../etc", "A" * 64])
def test_only_a_hash_becomes_a_path(store, cache, name):
    with pytest.raises(ValueError, match="is not a sha256"):
        fetch_bundle(store, name, cache)
    assert not cache.exists()


def test_trouble_with_the_caches_disk_is_infra(bundle, store, cache, monkeypatch):
    sha256 = push_bundle(store, bundle)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactUnavailable, match=r"the bundle cache .* cannot be used: \[Errno 28\] No space left"):
        fetch_bundle(store, sha256, cache)
    assert not (cache / sha256).exists()
    assert hidden(cache) == []
    cache_is_a_file = bundle / "graph.json"
    with pytest.raises(ArtifactUnavailable, match="the bundle cache"):
        fetch_bundle(store, sha256, cache_is_a_file)


def test_who_wants_the_same_bundle_at_once_waits_for_one(bundle, store, cache):
    sha256 = push_bundle(store, bundle)
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: fetch_bundle(store, sha256, cache), range(16)))
    assert set(folders) == {cache / sha256}
    assert store.asked.count(sha256) == 1


def test_processes_fetch_at_once_while_one_is_killed(bundle, store, cache):
    sha256 = push_bundle(store, bundle)
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from workers.artifacts import FolderStore, fetch_bundle\n"
        "class Slow(FolderStore):\n"
        "    def get(self, sha256, *, limit=None):\n"
        "        print('fetching', flush=True)\n"
        "        time.sleep(float(sys.argv[4]))\n"
        "        return super().get(sha256, limit=limit)\n"
        "print(fetch_bundle(Slow(Path(sys.argv[1])), sys.argv[2], sys.argv[3]))\n"
    )

    def start(delay: float):
        command = [sys.executable, "-c", program, str(store.root), sha256, str(cache), str(delay)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."})

    stuck = start(0.2)
    assert stuck.stdout is not None
    stuck.stdout.readline()
    stuck.stdout.readline()  # half of it is there
    others = [start(0.0) for _ in range(2)]
    time.sleep(0.2)
    stuck.kill()
    stuck.wait()
    stuck.stdout.close()
    outputs = [other.communicate(timeout=60)[0] for other in others]
    assert [other.returncode for other in others] == [0, 0]
    assert all(output.splitlines()[-1] == str(cache / sha256) for output in outputs)
    assert sorted(output.count("fetching") for output in outputs) == [0, 6]
    assert contents(cache / sha256) == contents(bundle)


def test_a_bundle_comes_through_a_web_server(bundle, tmp_path, cache):
    folder = FolderStore(tmp_path / "store")
    sha256 = push_bundle(folder, bundle)
    with serving() as server:
        server.objects = {f"/{name}": data for name, data in contents(folder.root).items()}
        found = fetch_bundle(open_store(server.url), sha256, cache)
    assert contents(found) == contents(bundle)


def test_the_cache_is_kept_within_its_size(store, cache, tmp_path):
    names = []
    for i in range(4):
        small_bundle(tmp_path / str(i), commit=str(i))
        names.append(push_bundle(store, tmp_path / str(i)))
    size = sum(map(len, contents(tmp_path / "0").values()))
    for i, name in enumerate(names[:3]):
        os.utime(fetch_bundle(store, name, cache), (1000 + i, 1000 + i))
    fetch_bundle(store, names[0], cache, limit_bytes=10 * size, in_use_s=0)  # used again
    fetch_bundle(store, names[3], cache, limit_bytes=3 * size, in_use_s=0)
    assert {n for n in names if (cache / n).exists()} == {names[0], names[2], names[3]}
    fetch_bundle(store, names[1], cache, limit_bytes=0, in_use_s=0)
    assert {n for n in names if (cache / n).exists()} == {names[1]}
    assert hidden(cache) == []


def test_what_an_attempt_may_still_read_stays(store, cache, tmp_path):
    names = []
    for i in range(2):
        small_bundle(tmp_path / str(i), commit=str(i))
        names.append(push_bundle(store, tmp_path / str(i)))
        fetch_bundle(store, names[i], cache, limit_bytes=0)
    assert all((cache / name).exists() for name in names)
