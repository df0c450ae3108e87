import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from workers.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactUnavailable, FolderStore, access, open_store
from workers.artifacts.download import MAX_IDLE_TRIES, Patience, downloaded
from workers.artifacts.store import Stream, object_name

DATA = random.Random(4).randbytes(3 << 20)
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / SHA


@pytest.fixture
def part(target):
    return target.with_name(f"{SHA}.part")


@pytest.fixture
def store(tmp_path):
    store = FolderStore(tmp_path / "store")
    store.put(DATA)
    return store


class Shaky(FolderStore):
    """Sends ``pieces`` in turn, so many bytes at a try; notes where it was asked to begin."""

    def __init__(self, root, pieces: list[int], ranges: bool = True) -> None:
        super().__init__(root)
        self.pieces, self.ranges, self.starts = pieces, ranges, []

    def stream(self, sha256: str, *, start: int = 0) -> Stream:
        self.starts.append(start)
        whole = super().stream(sha256, start=start if self.ranges else 0)
        return Stream(whole.start, whole.size_bytes, self._broken(b"".join(whole.chunks)))

    def _broken(self, data: bytes):
        piece = self.pieces.pop(0) if self.pieces else len(data)
        yield data[:piece]
        if piece < len(data):
            raise ArtifactUnavailable("the line went dead")


def patience(seconds: float = 1e6):
    """Time that passes by waiting alone."""
    now = [0.0]
    waits = []

    def sleep(wait_s: float) -> None:
        waits.append(wait_s)
        now[0] += wait_s

    made = Patience(seconds, lambda: now[0], sleep)
    return made, waits, now


def bring(store, target, patient=None):
    with downloaded(store, SHA, len(DATA), target, patient or patience()[0]) as mine:
        return mine


def test_an_artifact_arrives(store, target, part):
    assert bring(store, target)
    assert target.read_bytes() == DATA
    assert target.stat().st_mode & 0o222 == 0
    assert not part.exists()
    assert not bring(store, target)
    assert not part.exists()


def test_it_goes_on_where_it_broke_off(store, target):
    shaky = Shaky(store.root, [1 << 20, 0, 0, 1 << 19, 0])
    patient, waits, _ = patience()
    bring(shaky, target, patient)
    assert target.read_bytes() == DATA
    assert shaky.starts == [0, 1 << 20, 1 << 20, 1 << 20, 3 << 19, 3 << 19]
    assert len(waits) == 5
    assert max(waits) <= 5


def test_a_store_without_ranges_begins_again(store, target):
    shaky = Shaky(store.root, [1 << 20, 2 << 20], ranges=False)
    bring(shaky, target)
    assert target.read_bytes() == DATA


def test_it_gives_up_on_a_store_that_sends_nothing_new(store, target, part):
    shaky = Shaky(store.root, [1000] + [0] * 100)
    with pytest.raises(ArtifactUnavailable, match="the line went dead"):
        bring(shaky, target)
    assert len(shaky.starts) == 1 + MAX_IDLE_TRIES
    assert part.read_bytes() == DATA[:1000]  # for the next time
    assert not target.exists()
    shaky.pieces = []
    bring(shaky, target)
    assert shaky.starts[-1] == 1000
    assert target.read_bytes() == DATA


def test_it_gives_up_when_the_time_is_over_and_keeps_what_it_has(store, target, part):
    patient, _, now = patience(10)

    class Slow(FolderStore):
        def stream(self, sha256: str, *, start: int = 0) -> Stream:
            whole = super().stream(sha256, start=start)
            return Stream(start, whole.size_bytes, self._slowly(whole.chunks))

        def _slowly(self, chunks):
            for chunk in chunks:
                now[0] += 6
                yield chunk

    with pytest.raises(ArtifactUnavailable, match=r"is too slow: 2097152 of 3145728 bytes .* the next attempt goes on"):
        bring(Slow(store.root), target, patient)
    assert part.stat().st_size == 2 << 20


@pytest.mark.parametrize("there", [b"\0" * 1000, DATA[:-1] + b"\0", DATA + b"more", b"\0" * len(DATA)])
def test_parts_that_do_not_make_the_artifact_are_dropped(store, target, part, there):
    part.write_bytes(there)
    bring(store, target)
    assert target.read_bytes() == DATA


def test_a_complete_download_needs_no_store(tmp_path, target, part):
    part.write_bytes(DATA)
    bring(FolderStore(tmp_path / "none"), target)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("content", [DATA[:-1], DATA + b"x", b"\0" * len(DATA), b""])
def test_damage_in_the_store_is_no_artifact_and_set_aside(store, target, part, content):
    path = store.root / object_name(SHA)
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(ArtifactCorrupt):
        bring(store, target)
    assert not target.exists()
    assert not part.exists()
    assert store.has(SHA) == (len(content) > len(DATA))  # one that is too long is not even read
    store.put(DATA)
    bring(store, target)
    assert target.read_bytes() == DATA


def test_a_missing_artifact_leaves_nothing(store, target, part):
    store.remove([object_name(SHA)])
    with pytest.raises(ArtifactMissing):
        bring(store, target)
    assert not part.exists()


def test_an_empty_artifact(store, tmp_path):
    empty = store.put(b"")
    with downloaded(store, empty, 0, tmp_path / empty, patience()[0]) as mine:
        assert mine
    assert (tmp_path / empty).read_bytes() == b""


def test_threads_bring_it_once(store, target):
    shaky = Shaky(store.root, [])
    threads = [threading.Thread(target=bring, args=(shaky, target)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert shaky.starts == [0]
    assert target.read_bytes() == DATA


def test_a_web_server_that_breaks_off_is_gone_on_with(server, target, monkeypatch):
    """Each answer has a part; the client's own retries are off, so that ours are what goes on."""
    monkeypatch.setitem(access.RETRIES, "max_retries", 0)
    server.objects[f"/{object_name(SHA)}"] = DATA
    server.cut_after = 1 << 20
    bring(open_store(server.url), target)
    assert target.read_bytes() == DATA
    assert len(server.log) == 3
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in server.ranges[1:]]
    assert starts == sorted(starts)
    assert 0 < starts[0] <= 1 << 20


def test_a_web_server_without_ranges_that_breaks_off(server, target, monkeypatch):
    monkeypatch.setitem(access.RETRIES, "max_retries", 0)
    server.objects[f"/{object_name(SHA)}"] = DATA
    server.takes_ranges, server.cut_after = False, 1 << 20
    store = open_store(server.url)
    with pytest.raises(ArtifactUnavailable):
        bring(store, target)
    server.cut_after = None
    bring(store, target)
    assert target.read_bytes() == DATA


def test_a_web_server_with_wrong_bytes(server, target):
    server.objects[f"/{object_name(SHA)}"] = b"\0" * len(DATA)
    with pytest.raises(ArtifactCorrupt, match=f"artifact {SHA} in http://127.0.0.1:.* is damaged"):
        bring(open_store(server.url), target)
    assert not target.exists()


def test_a_killed_process_is_gone_on_after(server, target, part):
    server.objects[f"/{object_name(SHA)}"] = DATA
    server.cut_after, server.stall_s = (2 << 20) + 7, 60
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from workers.artifacts import open_store\n"
        "from workers.artifacts.download import Patience, downloaded\n"
        "url, sha256, size, target = sys.argv[1:]\n"
        "with downloaded(open_store(url), sha256, int(size), Path(target), Patience.of(60)):\n"
        "    pass\n"
    )
    command = [sys.executable, "-c", program, server.url, SHA, str(len(DATA)), str(target)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "."})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (part.exists() and part.stat().st_size >= 1 << 20):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    server.cut_after, there = None, part.stat().st_size
    server.stalled.set()
    bring(open_store(server.url), target)
    assert server.ranges[-1] == f"bytes={there}-"
    assert target.read_bytes() == DATA


def test_from_a_bucket_in_parts(bucket, target, part):
    store = open_store(f"s3://{bucket[1]}/farm")
    store.put(DATA)
    part.write_bytes(DATA[: 2 << 20])
    bring(store, target)
    assert target.read_bytes() == DATA
