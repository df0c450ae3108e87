"""The files of a bundle as bytes: regular files of the right size, read into aligned memory and hashed on the way."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

import numpy as np

from mcore.platform.bundle import FileEntry
from mcore.platform.errors import FormatError
from mcore.platform.format import limits
from mcore.platform.pages import ALIGNMENT, mapped

#: Bytes that are read, and hashed, at a time.
CHUNK = 1 << 22

#: From this size on, a buffer is memory of its own.
_MAPPED = 4 << 20

_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def aligned_buffer(size: int) -> np.ndarray:
    """``size`` bytes of memory that start at a multiple of 64, as uint8, of any content."""
    if size >= _MAPPED:
        return mapped(size)
    memory = np.empty(size + ALIGNMENT, np.uint8)
    offset = -memory.ctypes.data % ALIGNMENT
    return memory[offset : offset + size]


class Blocks:
    """Bytes in consecutive blocks of memory, all of one size but the last; a block is free when no part of it is in use."""

    def __init__(self, blocks: Sequence[np.ndarray]) -> None:
        self._blocks = blocks
        self._length = max(blocks[0].size, 1) if blocks else 1
        self.size = sum(block.size for block in blocks)

    def parts(self, begin: int, end: int) -> tuple[np.ndarray, ...]:
        """The bytes from ``begin`` to ``end`` as views, one of each block that they lie in."""
        if begin >= end:
            return ()
        first, length = begin // self._length, self._length
        blocks = self._blocks[first : -(-end // length)]
        return tuple(
            block[max(begin - start, 0) : end - start]
            for start, block in zip(range(first * length, end, length), blocks, strict=True)
        )

    def whole(self) -> memoryview:
        """All of them in one piece, to be read."""
        return joined(self.parts(0, self.size)).data.toreadonly()


def joined(parts: tuple[np.ndarray, ...]) -> np.ndarray:
    """Bytes in one piece of aligned memory: a single part as it is, unless it lies badly, or a copy."""
    if len(parts) == 1 and parts[0].ctypes.data % ALIGNMENT == 0:
        return parts[0]
    whole = aligned_buffer(sum(part.size for part in parts))
    return np.concatenate(parts, out=whole) if parts else whole


class Hashing:
    """The sha256 of what it is fed, by a thread while more is read: neither holds the interpreter's lock."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._pieces: SimpleQueue[memoryview | None] = SimpleQueue()
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hexdigest()

    def feed(self, piece: memoryview) -> None:
        """Hash ``piece`` too; a small one at once."""
        if self._thread is None and len(piece) < CHUNK:
            self._digest.update(piece)
            return
        if self._thread is None:
            self._thread = Thread(
                target=lambda: deque(map(self._digest.update, iter(self._pieces.get, None)), maxlen=0)
            )
            self._thread.start()
        self._pieces.put(piece)

    def hexdigest(self) -> str:
        """The sha256 of all pieces so far."""
        if self._thread is not None:
            self._pieces.put(None)
            self._thread.join()
            self._thread = None
        return self._digest.hexdigest()


@contextmanager
def opened(folder: Path, name: str, entry: FileEntry | None) -> Iterator[int]:
    """A descriptor of a regular file of the size that its ``entry`` of the manifest says; the manifest itself has none.

    Links are not followed, and a pipe does not block. Raises :class:`FormatError` for anything else.
    """
    descriptor = _open(folder, name, is_manifest=entry is None)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise FormatError("not a regular file", where=name)
        if entry is not None and found.st_size != entry.size:
            raise FormatError(f"{found.st_size} bytes, the manifest says {entry.size}", where=name)
        if entry is None and found.st_size > limits.MANIFEST_BYTES:
            raise FormatError(f"{found.st_size} bytes, the limit is {limits.MANIFEST_BYTES}", where=name)
        yield descriptor
    finally:
        os.close(descriptor)


def read_all(descriptor: int, name: str, hashing: Hashing | None = None, block: int | None = None) -> Blocks:
    """The whole of an open file, in blocks of that many bytes, or in one.

    Raises:
        FormatError: it changes while it is read.
    """
    size = os.fstat(descriptor).st_size
    blocks = []
    for start in range(0, size, block or max(size, 1)):
        blocks.append(aligned_buffer(min(block or size, size - start)))
        read_into(blocks[-1], descriptor, start, name, hashing)
    if os.pread(descriptor, 1, size):
        raise FormatError("changed while it was read", where=name)
    return Blocks(blocks)


def read_into(memory: np.ndarray, descriptor: int, offset: int, name: str, hashing: Hashing | None = None) -> None:
    """Fill ``memory`` with what the file has from ``offset`` on; raises :class:`FormatError` if that is less."""
    position = 0
    while position < memory.size:
        count = os.preadv(descriptor, [memory[position : position + CHUNK].data], offset + position)
        if not count:
            raise FormatError("changed while it was read", where=name)
        if hashing is not None:
            hashing.feed(memory[position : position + count].data)
        position += count


def read_verified(folder: Path, name: str, entry: FileEntry) -> memoryview:
    """A file whose size and sha256 are those of the manifest; raises :class:`FormatError` for any other."""
    with opened(folder, name, entry) as descriptor, Hashing() as hashing:
        blocks = read_all(descriptor, name, hashing)
        check_hash(hashing, name, entry)
    return blocks.whole()


def check_hash(hashing: Hashing, name: str, entry: FileEntry) -> None:
    """Raise :class:`FormatError` unless the sha256 is the manifest's."""
    if hashing.hexdigest() != entry.sha256:
        raise FormatError("the sha256 is not the manifest's: the file is damaged", where=name)


def _open(folder: Path, name: str, *, is_manifest: bool) -> int:
    path = folder / name
    try:
        return os.open(path, _OPEN)
    except (FileNotFoundError, NotADirectoryError):
        hint = f"is {folder} a bundle?" if is_manifest else ""
        raise FormatError("missing", where=name, hint=hint) from None
    except OSError:
        mode = os.lstat(path).st_mode
        if stat.S_ISREG(mode):
            raise
        what = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        raise FormatError(what, where=name) from None
