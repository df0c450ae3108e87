import errno
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


@settings(max_examples=30)
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
    assert not store.has(SHA)
    store.put(b"content")
    assert store.get(SHA) == b"content"
    aside, whole = files(store)
    assert whole == object_name(SHA)
    assert aside.startswith(f"damaged/{SHA}.")
    assert (store.root / aside).read_bytes() == damage


@pytest.mark.parametrize("damage", ["bit", "link", "folder"])
def test_damage_that_nobody_has_read_is_set_aside_by_putting(store, tmp_path, damage):
    store.put(b"content")
    path = store.root / object_name(SHA)
    path.unlink()
    (tmp_path / "outside").write_bytes(b"content")
    if damage == "bit":
        path.write_bytes(b"contenu")
    elif damage == "link":
        path.symlink_to(tmp_path / "outside")
    else:
        path.mkdir()
    store.put(b"content")
    assert store.get(SHA) == b"content"
    assert len(list((store.root / "damaged").iterdir())) == 1
    assert (tmp_path / "outside").read_bytes() == b"content"


def test_what_another_mended_in_the_meantime_goes_back(store):
    store.put(b"content")
    store._set_aside(store.root / object_name(SHA), SHA)
    assert files(store) == [object_name(SHA)]


def test_neither_a_link_nor_a_pipe_is_read(store, tmp_path):
    store.put(b"other")
    path = store.root / object_name(SHA)
    path.parent.mkdir(exist_ok=True)
    (tmp_path / "secret").write_bytes(b"content")
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(ArtifactUnavailable, match="symbolic link"):
        store.get(SHA)
    assert not store.has(SHA)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ArtifactUnavailable, match="or no file"):
        store.get(SHA)  # and does not wait for a writer
    assert not store.has(SHA)


def test_a_stream_begins_where_it_is_asked_to(store):
    data = random.Random(2).randbytes(5 << 19)
    sha256 = store.put(data)
    stream = store.stream(sha256, start=1000)
    assert (stream.start, stream.size_bytes) == (1000, len(data))
    assert b"".join(stream.chunks) == data[1000:]
    assert list(store.stream(sha256, start=len(data)).chunks) == []
    with pytest.raises(ArtifactMissing):
        store.stream(SHA)


def test_a_listing_has_artifacts_and_what_was_left_and_passes_over_the_rest(store, tmp_path):
    names = {object_name(store.put(bytes([i]))) for i in range(5)}
    left = {f"sha256/{SHA[:2]}/.{SHA}.0123456789abcdef.tmp", f"damaged/{SHA}.0123456789abcdef"}
    strange = [
        f"sha256/{SHA[:2]}/{SHA.upper()}",
        f"sha256/00/{SHA}",
        f"sha256/{SHA[:2]}/{SHA}\n",
        "sha256/ab/-rf",
        f"other/{SHA}",
        SHA,
        "damaged/\x1b[2J",
        f"sha256/{SHA[:2].upper()}x/{SHA}",
    ]
    for name in [*left, *strange]:
        (store.root / name).parent.mkdir(parents=True, exist_ok=True)
        (store.root / name).write_bytes(b"12")
    (store.root / "sha256/zz").symlink_to(tmp_path)
    (store.root / object_name("f" * 64)).parent.mkdir(exist_ok=True)
    (store.root / object_name("f" * 64)).symlink_to("/etc/passwd")
    found = {entry.name: entry for entry in store.list()}
    assert set(found) == names | left
    assert {entry.name for entry in found.values() if entry.sha256} == names
    assert abs(found[min(left)].modified.timestamp() - time.time()) < 60
    assert found[min(left)].size_bytes == 2
    store.remove(sorted(found))
    store.remove(sorted(found))
    assert list(store.list()) == []
    assert {n for n in strange if (store.root / n).exists()} == set(strange)


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "owners/" + "a" * 32, f"sha256/../{SHA}", f"sha256/{SHA[:2]}/{SHA}/x"]
)
def test_only_what_is_listed_can_be_removed(store, name):
    store.put(b"content")
    with pytest.raises(ValueError, match="is not the name of an artifact"):
        store.remove([object_name(SHA), name])
    assert store.has(SHA)


def test_a_store_knows_whose_artifacts_it_has(store):
    with pytest.raises(ArtifactUnavailable, match="does not exist"):
        store.owners()
    store.put(b"content")
    assert store.owners() == set()
    for _ in range(2):
        store.register("a" * 32)
    store.register("b" * 32)
    assert store.owners() == {"a" * 32, "b" * 32}
    with pytest.raises(ValueError, match="is not the id of a database"):
        store.register("../" + "a" * 29)


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


def limited(store, what: str, **options) -> str:
    """What putting 300,000 bytes in another process came to."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from workers.artifacts import ArtifactError, FolderStore\n"
        f"{what}\n"
        "try:\n"
        "    FolderStore(Path(sys.argv[1])).put(bytes(300_000))\n"
        "except ArtifactError as error:\n"
        "    print(type(error).__name__, error)\n"
        "else:\n"
        "    print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(store.root)],
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
        **options,
    )
    return done.stdout.strip()


def test_a_quota_is_said_in_one_line_and_leaves_nothing(store):
    store.put(b"content")
    said = limited(store, "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))")
    assert said.startswith(f"ArtifactUnavailable the artifact store {store} cannot be used: [Errno 27] File too large")
    assert files(store) == [object_name(SHA)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
def test_a_full_disk_is_said_in_one_line_and_leaves_nothing(tmp_path):
    store = FolderStore(tmp_path / "small")
    store.root.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(store.root)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        store.put(b"content")
        with pytest.raises(ArtifactUnavailable, match=r"cannot be used: \[Errno 28\] No space left on device$"):
            store.put(bytes(300_000))
        assert files(store) == [object_name(SHA)]
        assert store.get(SHA) == b"content"
    finally:
        subprocess.run(["umount", str(store.root)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
def test_another_users_store_is_said_to_be_so(store):
    store.put(b"content")
    store.root.chmod(0o755)
    as_nobody = "import os; os.setgid(65534); os.setuid(65534)"
    for folder in [store.root, *store.root.parents]:
        if not folder.stat().st_mode & 0o005:
            as_nobody = f"import os; os.chmod({str(folder)!r}, 0o755); " + as_nobody.removeprefix("import os; ")
    assert limited(store, as_nobody).startswith(
        f"ArtifactUnavailable the artifact store {store} cannot be used: [Errno 13] Permission denied"
    )


def test_many_writers_of_one_artifact_all_succeed(store):
    data = random.Random(1).randbytes(200_000)
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(store.put, [data] * 32))
    assert len(names) == 1
    assert store.get(names.pop()) == data
    assert len(files(store)) == 1


def test_many_processes_write_the_same_once(store):
    """All begin at the same moment, again and again; whichever was first, its file stays."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from workers.artifacts import FolderStore\n"
        "store = FolderStore(Path(sys.argv[1]))\n"
        "for line in sys.stdin:\n"
        "    store.put(line.encode() * 20_000)\n"
        "    print((store.root / 'sha256').stat().st_ino, flush=True)\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(store.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "."},
        )
        for _ in range(4)
    ]
    for turn in range(10):
        for writer in writers:
            writer.stdin.write(f"{turn}\n")
            writer.stdin.flush()
        for writer in writers:
            assert writer.stdout.readline()
        sha256 = hashlib.sha256(f"{turn}\n".encode() * 20_000).hexdigest()
        path = store.root / object_name(sha256)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        assert path.stat().st_nlink == 1
    for writer in writers:
        writer.stdin.close()
        assert writer.wait(30) == 0
        writer.stdout.close()
    assert len(files(store)) == 10


def test_without_hard_links_artifacts_are_put_all_the_same(store, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    store.put(b"content")
    assert store.get(SHA) == b"content"
    assert files(store) == [object_name(SHA)]


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
    left = [entry for entry in store.list() if entry.sha256 is None]
    assert len(left) == len([p for p in store.root.rglob(".*") if p.is_file()])
    store.remove([entry.name for entry in left])
    for path in artifacts:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
