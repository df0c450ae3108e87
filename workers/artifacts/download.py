"""Bringing one artifact into the cache of a host: in parts if need be, over several tries and several processes' lives."""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcore.platform.format.atomic import sync_folder
from workers.artifacts.errors import ArtifactCorrupt, ArtifactUnavailable
from workers.artifacts.held import alone
from workers.artifacts.store import ArtifactStore, check_size

#: How often a store is asked again that sends nothing new. The store's own client asks a few times at each.
MAX_IDLE_TRIES = 3
#: All downloads of one bundle together. What is there by then stays for the next attempt; within the margin of its lease.
FETCH_S = 90.0
_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on asking: until ``deadline`` on ``clock``, sleeping in between."""

    deadline: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def of(cls, seconds: float = FETCH_S) -> Patience:
        return cls(time.monotonic() + seconds)

    def over(self) -> bool:
        return self.clock() >= self.deadline

    def wait(self, idle: int) -> None:
        """Twice as long each time, and not in step with other hosts."""
        self.sleep(random.uniform(0.5, 1.0) * min(_WAIT_S * 2**idle, _LONGEST_WAIT_S))  # noqa: S311  # no secret


@contextmanager
def downloaded(store: ArtifactStore, sha256: str, size_bytes: int, target: Path, patience: Patience) -> Iterator[bool]:
    """Bring the artifact to ``target`` and hold it; ``False`` if another process has done so by the time it is one's turn.

    What arrived lies in ``<target>.part`` until it is complete, and is gone on with after an interruption, a killed process's
    too. The whole is verified, from the disk; parts that do not make the artifact are dropped, and it is asked for as a whole.

    Raises:
        ArtifactError: the store does not have it, or not intact, or cannot be reached.
        OSError: the disk cannot take it.
    """
    part = target.with_name(f"{target.name}.part")
    with alone(part, os.O_RDWR | os.O_CREAT, wait=True) as descriptor:
        assert descriptor is not None
        if target.exists():
            part.unlink()
            yield False
            return
        try:
            _complete(store, sha256, size_bytes, descriptor, patience)
        finally:
            if os.fstat(descriptor).st_size == 0 < size_bytes:
                part.unlink()
        os.fchmod(descriptor, 0o444)
        os.fsync(descriptor)
        os.rename(part, target)
        sync_folder(target.parent)
        yield True


def _complete(store: ArtifactStore, sha256: str, size_bytes: int, descriptor: int, patience: Patience) -> None:
    try:
        _fill(store, sha256, size_bytes, descriptor, patience)
    except ArtifactCorrupt:
        # Whether it was the parts or the artifact, the store itself finds out, and does about it what it can.
        os.ftruncate(descriptor, 0)
        _write(descriptor, store.get(sha256, limit=size_bytes), 0)
        _verify(store, sha256, size_bytes, descriptor)


def _fill(store: ArtifactStore, sha256: str, size_bytes: int, descriptor: int, patience: Patience) -> None:
    idle = 0
    while (there := os.fstat(descriptor).st_size) < size_bytes:
        try:
            _receive(store, sha256, size_bytes, descriptor, there, patience)
        except ArtifactUnavailable:
            idle = 0 if os.fstat(descriptor).st_size > there else idle + 1
            if idle >= MAX_IDLE_TRIES or patience.over():
                raise
            patience.wait(idle)
    _verify(store, sha256, size_bytes, descriptor)


def _receive(
    store: ArtifactStore, sha256: str, size_bytes: int, descriptor: int, there: int, patience: Patience
) -> None:
    stream = store.stream(sha256, start=there)
    check_size(stream.size_bytes, size_bytes, sha256, str(store))
    if stream.size_bytes < size_bytes:
        raise ArtifactCorrupt(f"artifact {sha256} in {store} has {stream.size_bytes} bytes, {size_bytes} were expected")
    if stream.start != there:
        os.ftruncate(descriptor, stream.start)
    at = stream.start
    for chunk in stream.chunks:
        check_size(at + len(chunk), size_bytes, sha256, str(store))
        at = _write(descriptor, chunk, at)
        if patience.over() and at < size_bytes:
            raise ArtifactUnavailable(
                f"the artifact store {store} is too slow: {at} of {size_bytes} bytes of artifact {sha256} came in time; "
                "the next attempt goes on from there"
            )


def _write(descriptor: int, data: bytes | memoryview, at: int) -> int:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
    return at


def _verify(store: ArtifactStore, sha256: str, size_bytes: int, descriptor: int) -> None:
    digest = hashlib.sha256()
    with open(os.dup(descriptor), "rb") as file:
        file.seek(0)
        while chunk := file.read(1 << 20):
            digest.update(chunk)
        found = file.tell()
    if found != size_bytes or digest.hexdigest() != sha256:
        raise ArtifactCorrupt(
            f"artifact {sha256} in {store} is damaged: its {found} bytes have sha256 {digest.hexdigest()}"
        )
