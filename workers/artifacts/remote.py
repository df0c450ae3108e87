"""Artifacts behind S3 (and what speaks like it), or behind a web server, through obstore."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import from_url

from workers.artifacts.errors import ArtifactMissing, ArtifactReadOnly, ArtifactUnavailable
from workers.artifacts.store import check_size, object_name, verified

# A device host must learn that the store is away long before its job's lease ends.
_CLIENT: Any = {"connect_timeout": "5s", "timeout": "5m", "allow_http": True}
_RETRIES: Any = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}


class RemoteStore:
    """A store at an ``s3://``, ``http://`` or ``https://`` URL; a web server is only read from.

    Plain HTTP is allowed, since every artifact is verified by its name. One request carries one artifact: S3 takes up to 5 GiB.
    """

    def __init__(self, url: str, *, read_only: bool) -> None:
        self.url = url
        self.read_only = read_only
        try:
            self._store = from_url(url, client_options=_CLIENT, retry_config=_RETRIES)
        except (BaseError, ValueError) as error:
            raise ValueError(f"{url!r} is no artifact store: {_line(error)}") from None

    def __str__(self) -> str:
        return self.url

    def put(self, data: bytes | memoryview) -> str:
        """As the protocol says; of an artifact that is there already, only the size is compared."""
        if self.read_only:
            raise ArtifactReadOnly(f"{self} is read-only; artifacts are put to a folder or to s3://")
        sha256 = hashlib.sha256(data).hexdigest()
        name = object_name(sha256)
        with self._request(sha256):
            try:
                obstore.put(self._store, name, data, mode="create")
            except AlreadyExistsError:
                if obstore.head(self._store, name)["size"] != len(data):
                    obstore.put(self._store, name, data, mode="overwrite")
        return sha256

    def get(self, sha256: str, *, limit: int | None = None) -> bytes:
        with self._request(sha256):
            answer = obstore.get(self._store, object_name(sha256))
            check_size(answer.meta["size"], limit, sha256, str(self))
            data = bytes(answer.bytes())
        return verified(data, sha256, str(self))

    def has(self, sha256: str) -> bool:
        try:
            with self._request(sha256):
                obstore.head(self._store, object_name(sha256))
        except ArtifactMissing:
            return False
        return True

    @contextmanager
    def _request(self, sha256: str) -> Iterator[None]:
        try:
            yield
        except (NotFoundError, FileNotFoundError):
            raise ArtifactMissing(f"artifact {sha256} is not in {self}") from None
        except (BaseError, OSError) as error:
            raise ArtifactUnavailable(f"the artifact store {self} cannot be used: {_line(error)}") from error


def _line(error: BaseException) -> str:
    """The library's message without its debug dump, which goes on for many lines."""
    return str(error).strip().partition("\n")[0][:300]
