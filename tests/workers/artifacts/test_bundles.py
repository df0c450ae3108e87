import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.format import read_bundle, read_manifest, write_bundle
from mcore.platform.graph import TensorType
from tests.mcore.platform.format.networks import Builder, N, samples_of, small_bundle, weights_of
from tests.workers.artifacts.servers import serving
from workers.artifacts import (
    ArtifactCorrupt,
    ArtifactMissing,
    ArtifactUnavailable,
    FolderStore,
    fetch_bundle,
    hold_bundle,
    open_store,
    push_bundle,
)
from workers.artifacts.cache import size_bytes
from workers.artifacts.store import Stream, object_name


class CountingStore(FolderStore):
    """A folder store that notes what is asked of it."""

    def __init__(self, root) -> None:
        super().__init__(root)
        self.asked: list[str] = []

    def get(self, sha256: str, *, limit: int | None = None) -> bytes:
        self.asked.append(sha256)
        return super().get(sha256, limit=limit)

    def stream(self, sha256: str, *, start: int = 0) -> Stream:
        self.asked.append(sha256)
        return super().stream(sha256, start=start)


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
    """What should not be left."""
    kept = {".files", ".repair"}
    parts = [p.name for p in (cache / ".files").glob("*.part")]
    return [p.name for p in cache.iterdir() if p.name.startswith(".") and p.name not in kept] + parts


def sized_bundle(folder, size_bytes: int, *, seed: int, commit: str):
    """A bundle whose weights have about so many bytes, and are its seed's."""
    b = Builder()
    b.inputs["ids"] = b.types["ids"] = TensorType(DType.INT64, (N, 5))
    rows = b.node("embedding", "ids", b.weight("table", size_bytes // 4, 1), module="embed")
    graph = b.graph(rows=rows, skip=b.node("relu", "x"))
    write_bundle(
        folder,
        graph=graph,
        weights=weights_of(graph, seed),
        samples=samples_of(graph),
        architecture="sized",
        kind="network",
        commit=commit,
    )


def many(store, tmp_path, count: int, *, kib: int, shared: bool = False):
    """That many bundles, pushed, with samples of so many KiB in common or not; their names, and the size of one's files."""
    names = []
    for i in range(count):
        folder = tmp_path / str(i)
        sized_bundle(folder, kib << 10, seed=0 if shared else i, commit=str(i))
        names.append(push_bundle(store, folder))
    return names, sum(entry.size for entry in read_manifest(tmp_path / "0").files.values())


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
    weights.chmod(0o644)
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
    damaged = 1 if damage in ("flip", "cut") else 0
    assert len(store.asked) == 1 + damaged  # the rest is linked again
    assert hidden(cache) == []


def test_damage_in_the_store_reaches_no_cache(bundle, store, cache):
    sha256 = push_bundle(store, bundle)
    entry = read_manifest(bundle).files["weights.safetensors"]
    path = store.root / object_name(entry.sha256)
    for content in (b"\0" * entry.size, b"\0" * (entry.size + 1), b"\0" * (entry.size - 1)):
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        with pytest.raises(ArtifactCorrupt, match=f"artifact {entry.sha256} in"):
            fetch_bundle(store, sha256, cache)
        assert hidden(cache) == []
    path.unlink(missing_ok=True)
    with pytest.raises(ArtifactMissing, match=entry.sha256):
        fetch_bundle(store, sha256, cache)
    assert not (cache / sha256).exists()
    assert [p.name for p in (cache / ".files").glob("*.part")] == hidden(cache)
    push_bundle(store, bundle)
    assert contents(fetch_bundle(store, sha256, cache)) == contents(bundle)


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

    def broken(_):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(ArtifactUnavailable, match=r"the bundle cache .* cannot be used: \[Errno 5\] Input/output"):
            fetch_bundle(store, sha256, cache)
    assert not (cache / sha256).exists()
    assert contents(fetch_bundle(store, sha256, cache)) == contents(bundle)
    cache_is_a_file = bundle / "graph.json"
    with pytest.raises(ArtifactUnavailable, match="the bundle cache"):
        fetch_bundle(store, sha256, cache_is_a_file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
def test_a_full_disk_is_emptied_of_what_nobody_holds(store, tmp_path):
    """Room for one bundle and a half."""
    names, size = many(store, tmp_path, 3, kib=256)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={int(size * 1.5) >> 10}k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    cache = disk / "cache"
    try:
        with hold_bundle(store, names[0], cache) as first:
            with pytest.raises(
                ArtifactUnavailable, match=r"No space left on device; free space on its disk$"
            ) as caught:
                fetch_bundle(store, names[1], cache)
            assert "\n" not in str(caught.value)
            assert contents(first) == contents(tmp_path / "0")
        assert contents(fetch_bundle(store, names[1], cache)) == contents(tmp_path / "1")
        assert not first.exists()
        assert contents(fetch_bundle(store, names[2], cache)) == contents(tmp_path / "2")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_quota_is_infra(bundle, store, cache):
    sha256 = push_bundle(store, bundle)
    program = (
        "import resource, sys\n"
        "from workers.artifacts import ArtifactError, fetch_bundle, open_store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try:\n"
        "    fetch_bundle(open_store(sys.argv[1]), sys.argv[2], sys.argv[3])\n"
        "except ArtifactError as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    command = [sys.executable, "-c", program, str(store.root), sha256, str(cache)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "."})
    assert said.stdout.startswith(
        f"ArtifactUnavailable the bundle cache {cache} cannot be used: [Errno 27] File too large"
    )
    assert contents(fetch_bundle(store, sha256, cache)) == contents(bundle)


def test_who_wants_the_same_bundle_at_once_waits_for_one(bundle, store, cache):
    sha256 = push_bundle(store, bundle)
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: fetch_bundle(store, sha256, cache), range(16)))
    assert set(folders) == {cache / sha256}
    assert contents(folders[0]) == contents(bundle)
    assert all(store.asked.count(entry.sha256) == 1 for entry in read_manifest(bundle).files.values())
    assert hidden(cache) == []


def test_bundles_that_share_weights_bring_and_keep_them_once(store, cache, tmp_path):
    names, _ = many(store, tmp_path, 3, kib=64, shared=True)
    for name in names:
        fetch_bundle(store, name, cache)
    weights = {(cache / name / "weights.safetensors").stat().st_ino for name in names}
    assert len(weights) == 1
    assert store.asked.count(read_manifest(tmp_path / "0").files["weights.safetensors"].sha256) == 1


def test_processes_fetch_at_once_while_one_is_killed(bundle, store, cache):
    sha256 = push_bundle(store, bundle)
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from workers.artifacts import FolderStore, fetch_bundle\n"
        "class Slow(FolderStore):\n"
        "    def stream(self, sha256, *, start=0):\n"
        "        print('fetching', flush=True)\n"
        "        time.sleep(float(sys.argv[4]))\n"
        "        return super().stream(sha256, start=start)\n"
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
    files = len(read_manifest(bundle).files)
    assert 1 <= sum(output.count("fetching") for output in outputs) <= files
    assert contents(cache / sha256) == contents(bundle)


def test_a_bundle_comes_through_a_web_server(bundle, tmp_path, cache):
    folder = FolderStore(tmp_path / "store")
    sha256 = push_bundle(folder, bundle)
    with serving() as server:
        server.objects = {f"/{name}": data for name, data in contents(folder.root).items()}
        found = fetch_bundle(open_store(server.url), sha256, cache)
    assert contents(found) == contents(bundle)


def test_the_cache_is_kept_within_its_size(store, cache, tmp_path):
    names, size = many(store, tmp_path, 4, kib=64)
    for i, name in enumerate(names[:3]):
        os.utime(fetch_bundle(store, name, cache), (1000 + i, 1000 + i))

    def fetched(name: str, limit: int) -> set[str]:
        with hold_bundle(store, name, cache, limit_bytes=limit):
            pass
        return {n for n in names if (cache / n).exists()}

    assert fetched(names[0], 10 * size) == set(names[:3])  # used again
    assert fetched(names[3], 3 * size) == {names[0], names[2], names[3]}
    assert fetched(names[1], 0) == {names[1]}
    assert size_bytes(cache) <= size
    assert hidden(cache) == []


def test_what_an_attempt_holds_stays_though_the_cache_is_too_small(store, cache, tmp_path):
    names, _ = many(store, tmp_path, 3, kib=16)
    with hold_bundle(store, names[0], cache, limit_bytes=0) as first:
        with hold_bundle(store, names[1], cache, limit_bytes=0) as second, hold_bundle(store, names[2], cache):
            assert contents(first) == contents(tmp_path / "0")
            assert contents(second) == contents(tmp_path / "1")
        with hold_bundle(store, names[2], cache, limit_bytes=0):
            assert first.exists()
            assert not second.exists()


def test_processes_thrash_a_cache_that_is_far_too_small(store, cache, tmp_path):
    """Every one of them reads each bundle right, though the others evict what nobody holds; one is killed at times."""
    names, size = many(store, tmp_path, 4, kib=16, shared=True)
    program = (
        "import sys, random\n"
        "from mcore.platform.format import verified_files\n"
        "from workers.artifacts import hold_bundle, open_store\n"
        "rng = random.Random(int(sys.argv[1]))\n"
        "for _ in range(int(sys.argv[2])):\n"
        "    name = rng.choice(sys.argv[5:])\n"
        "    with hold_bundle(open_store(sys.argv[3]), name, sys.argv[4], limit_bytes=0) as folder:\n"
        "        assert sum(1 for _ in verified_files(folder)) > 3\n"
        "    print('held', flush=True)\n"
    )

    def start(seed: int, turns: int):
        command = [sys.executable, "-c", program, str(seed), str(turns), str(store.root), str(cache), *names]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."})

    others = [start(seed, 15) for seed in range(3)]
    rng = random.Random(9)
    for seed in range(10, 12):
        doomed = start(seed, 10_000)
        doomed.stdout.readline()
        time.sleep(rng.uniform(0.02, 0.2))
        doomed.kill()
        doomed.wait()
        doomed.stdout.close()
    outputs = [other.communicate(timeout=120)[0] for other in others]
    assert [other.returncode for other in others] == [0] * 3
    assert all(output.count("held") == 15 for output in outputs)
    for path in cache.glob(".*.*"):
        os.utime(path, (1000, 1000))  # what the killed left is told from what somebody is about to use by its age
    with hold_bundle(store, names[0], cache, limit_bytes=0) as folder:
        assert contents(folder) == contents(tmp_path / "0")
    assert size_bytes(cache) <= size
    assert hidden(cache) == []
