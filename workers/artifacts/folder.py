"""Artifacts in a folder of this machine, or of a network file system."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

from mcore.platform.format.atomic import sync_folder
from workers.artifacts.errors import ArtifactCorrupt, ArtifactMissing, ArtifactUnavailable
from workers.artifacts.store import (
    CHUNK_BYTES,
    Stored,
    Stream,
    check_names,
    check_size,
    known_name,
    object_name,
    owner_name,
    verified,
)

#: What file systems without hard links answer.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)


class FolderStore:
    """A store in ``root``, which is made on the first ``put``.

    An artifact appears whole or not at all, and once: it is written under another name, waited for, and linked to its own,
    which just one of several writers can do. Artifacts are never written to. One that was damaged on the disk is moved into
    ``damaged/`` by whoever notices and may; its content can then be put again.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def __str__(self) -> str:
        return str(self.root)

    def put(self, data: bytes | memoryview) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.root / object_name(sha256)
        with self._disk():
            if not self._stands(path, sha256):
                self._write(path, data)
        return sha256

    def get(self, sha256: str, *, limit: int | None = None) -> bytes:
        with self._opened(sha256) as file:
            check_size(os.fstat(file.fileno()).st_size, limit, sha256, str(self))
            data = file.read()
        try:
            return verified(data, sha256, str(self))
        except ArtifactCorrupt:
            with contextlib.suppress(OSError):  # a host may only read; then it stays where it is, and nobody takes it
                self._set_aside(self.root / object_name(sha256), sha256)
            raise

    def stream(self, sha256: str, *, start: int = 0) -> Stream:
        with self._opened(sha256) as file:
            size = os.fstat(file.fileno()).st_size
        return Stream(start, size, self._chunks(sha256, start))

    def has(self, sha256: str) -> bool:
        with self._disk():
            try:
                found = stat.S_ISREG(os.lstat(self.root / object_name(sha256)).st_mode)
            except FileNotFoundError:
                found = False
            if not found:
                self._check_root()
        return found

    def list(self) -> Iterator[Stored]:
        with self._disk():
            self._check_root()
            folders = [f for f in _entries(self.root / "sha256") if f.is_dir(follow_symlinks=False)]
            for prefix in ("damaged", *(f"sha256/{folder.name}" for folder in folders)):
                for entry in _entries(self.root / prefix):
                    name = f"{prefix}/{entry.name}"
                    if not known_name(name):
                        continue
                    with contextlib.suppress(FileNotFoundError):
                        found = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(found.st_mode):
                            yield Stored(name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def remove(self, names: Sequence[str]) -> None:
        check_names(names)
        with self._disk():
            for name in names:
                (self.root / name).unlink(missing_ok=True)

    def register(self, owner: str) -> None:
        path = self.root / owner_name(owner)
        with self._disk():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()  # also one that is there: whether anything can be written is to be known
            sync_folder(path.parent)

    def owners(self) -> set[str]:
        with self._disk():
            self._check_root()
            return {entry.name for entry in _entries(self.root / "owners")}

    def _write(self, path: Path, data: bytes | memoryview) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _appear(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)

    def _stands(self, path: Path, sha256: str) -> bool:
        """Whether the artifact is there and intact; what is there and is not goes aside."""
        try:
            with _open(path) as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                    return True
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EISDIR):
                raise
        self._set_aside(path, sha256)
        return False

    def _set_aside(self, path: Path, sha256: str) -> None:
        """Move a damaged artifact out of the way, keeping it for whoever looks into the damage.

        Another process may have mended it since it was read: what turns out to be intact goes back.
        """
        aside = self.root / "damaged" / f"{sha256}.{secrets.token_hex(8)}"
        aside.parent.mkdir(exist_ok=True)
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            return
        with contextlib.suppress(OSError), _open(aside) as file:  # what cannot even be opened is damaged enough
            if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                _appear(aside, path)
                aside.unlink()

    @contextmanager
    def _opened(self, sha256: str) -> Iterator[BufferedReader]:
        with self._disk():
            try:
                with _open(self.root / object_name(sha256)) as file:
                    yield file
            except FileNotFoundError:
                self._check_root()
                raise ArtifactMissing(f"artifact {sha256} is not in {self}") from None

    def _chunks(self, sha256: str, start: int) -> Iterator[bytes]:
        with self._opened(sha256) as file:
            file.seek(start)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def _check_root(self) -> None:
        """An artifact is missing only from a store that is there: a folder that is not mounted knows nothing."""
        if not self.root.is_dir():
            raise ArtifactUnavailable(f"the artifact store {self} does not exist; is it mounted?")

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ArtifactUnavailable(f"the artifact store {self} cannot be used: {error}") from error


def _open(path: Path) -> BufferedReader:
    """A regular file for reading: a link is not followed out of the store, a pipe is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IsADirectoryError(errno.EISDIR, "Is a directory, or no file", str(path))
    return open(descriptor, "rb")


def _appear(temporary: Path, path: Path) -> None:
    """Give a finished file its name, unless an equal one has it."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return  # another writer was quicker, with the same bytes
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.replace(temporary, path)  # without hard links the last of equal writers wins, which does no harm


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
