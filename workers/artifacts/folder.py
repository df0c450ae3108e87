"""Artifacts in a folder of this machine, or of a network file system."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcore.platform.format.atomic import sync_folder
from workers.artifacts.errors import ArtifactMissing, ArtifactUnavailable
from workers.artifacts.store import check_size, object_name, verified


class FolderStore:
    """A store in ``root``, which is made on the first ``put``.

    An artifact appears whole or not at all: it is written under another name, waited for, and renamed. Artifacts cannot be
    written to; one that was damaged on the disk is replaced when its content is put again.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def __str__(self) -> str:
        return str(self.root)

    def put(self, data: bytes | memoryview) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.root / object_name(sha256)
        with self._disk():
            if not _holds(path, sha256, len(data)):
                self._write(path, data)
        return sha256

    def get(self, sha256: str, *, limit: int | None = None) -> bytes:
        path = self.root / object_name(sha256)
        with self._disk():
            try:
                with open(path, "rb") as file:
                    check_size(os.fstat(file.fileno()).st_size, limit, sha256, str(self))
                    data = file.read()
            except FileNotFoundError:
                self._check_root()
                raise ArtifactMissing(f"artifact {sha256} is not in {self}") from None
        return verified(data, sha256, str(self))

    def has(self, sha256: str) -> bool:
        with self._disk():
            found = (self.root / object_name(sha256)).is_file()
            if not found:
                self._check_root()
        return found

    def _write(self, path: Path, data: bytes | memoryview) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # Two writers at once carry the same bytes, so it does not matter whose rename is the last.
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)

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


def _holds(path: Path, sha256: str, size: int) -> bool:
    try:
        return path.stat().st_size == size and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except FileNotFoundError:
        return False
