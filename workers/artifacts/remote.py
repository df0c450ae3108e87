"""Artifacts behind S3 (and what speaks like it), or behind a web server, through obstore."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, NotSupportedError
from obstore.store import from_url

from workers.artifacts import access
from workers.artifacts.errors import ArtifactMissing, ArtifactReadOnly, ArtifactUnavailable
from workers.artifacts.store import (
    CHUNK_BYTES,
    Stored,
    Stream,
    check_names,
    check_size,
    known_name,
    object_name,
    owner_name,
    shown,
    verified,
)
from workers.codec import one_line
from workers.excerpt import excerpt

#: What is said of an error: why comes last.
MOST_SAID = 300
_TOOK = re.compile(r" in [0-9.]+(?:ns|µs|us|ms|s)\b")


class RemoteStore:
    """A store at an ``s3://``, ``http://`` or ``https://`` URL; a web server is only read from.

    Plain HTTP is allowed, since every artifact is verified by its name. One request carries one artifact, so that half of one
    never appears: S3 takes up to 5 GiB. A damaged artifact stays where it is, for nobody takes it, until its content is put
    again; then a copy of it is kept in ``damaged/``.
    """

    def __init__(self, url: str, *, read_only: bool) -> None:
        self.url = url
        self.read_only = read_only
        access.check_url(url)
        config: dict[str, str] = {} if read_only else access.s3_config()
        self._secrets = access.secrets_of(url, config)
        try:
            make: Any = from_url  # its overloads know one cloud each
            self._store = make(url, client_options=access.client_options(), retry_config=access.RETRIES, **config)
        except (BaseError, ValueError) as error:
            raise ValueError(f"{shown(url)!r} is no artifact store: {self._line(error)}") from None

    def __str__(self) -> str:
        return shown(self.url)

    def put(self, data: bytes | memoryview) -> str:
        self._check_writable()
        sha256 = hashlib.sha256(data).hexdigest()
        name = object_name(sha256)
        with self._request():
            try:
                obstore.put(self._store, name, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                self._mend(name, sha256, data)
        return sha256

    def get(self, sha256: str, *, limit: int | None = None) -> bytes:
        with self._request(sha256):
            answer = obstore.get(self._store, object_name(sha256))
            check_size(answer.meta["size"], limit, sha256, str(self))
            data = bytes(answer.bytes())
        return verified(data, sha256, str(self))

    def stream(self, sha256: str, *, start: int = 0) -> Stream:
        name = object_name(sha256)
        with self._request(sha256):
            try:
                answer = obstore.get(self._store, name, options={"range": {"offset": start}} if start else None)
            except NotSupportedError:  # the server sends whole files only
                start, answer = 0, obstore.get(self._store, name)
            return Stream(start, answer.meta["size"], self._chunks(sha256, answer))

    def has(self, sha256: str) -> bool:
        try:
            with self._request(sha256):
                obstore.head(self._store, object_name(sha256))
        except ArtifactMissing:
            return False
        return True

    def list(self) -> Iterator[Stored]:
        self._check_writable()
        with self._request():
            for prefix in ("sha256", "damaged"):
                for page in obstore.list(self._store, prefix, chunk_size=1000):
                    for meta in page:
                        if known_name(meta["path"]):
                            yield Stored(meta["path"], meta["size"], meta["last_modified"])

    def remove(self, names: Sequence[str]) -> None:
        check_names(names)
        self._check_writable()
        if names:
            with self._request():
                obstore.delete(self._store, [*names])

    def register(self, owner: str) -> None:
        self._check_writable()
        with self._request():
            obstore.put(self._store, owner_name(owner), b"", use_multipart=False)

    def owners(self) -> set[str]:
        self._check_writable()
        with self._request():
            pages = obstore.list(self._store, "owners", chunk_size=1000)
            return {meta["path"].rpartition("/")[2] for page in pages for meta in page}

    def _mend(self, name: str, sha256: str, data: bytes | memoryview) -> None:
        """Replace what lies at ``name`` unless it is intact; a copy of it is kept."""
        found = obstore.get(self._store, name)
        if found.meta["size"] == len(data) and hashlib.sha256(found.bytes()).hexdigest() == sha256:
            return
        obstore.copy(self._store, name, f"damaged/{sha256}.{secrets.token_hex(8)}")
        obstore.put(self._store, name, data, mode="overwrite", use_multipart=False)

    def _chunks(self, sha256: str, answer: Any) -> Iterator[memoryview]:
        with self._request(sha256):
            for chunk in answer.stream(min_chunk_size=CHUNK_BYTES):
                yield memoryview(chunk)

    def _check_writable(self) -> None:
        if self.read_only:
            raise ArtifactReadOnly(f"{self} is read-only; artifacts are put to a folder or to s3://")

    @contextmanager
    def _request(self, sha256: str | None = None) -> Iterator[None]:
        """Say what went wrong in one line; ``sha256`` is what a 404 would mean is missing."""
        try:
            yield
        except (BaseError, OSError) as error:
            if isinstance(error, (NotFoundError, FileNotFoundError)) and sha256 and "NoSuchBucket" not in str(error):
                raise ArtifactMissing(f"artifact {sha256} is not in {self}") from None
            if isinstance(error, (NotFoundError, FileNotFoundError)) or "NoSuchBucket" in str(error):
                raise ArtifactUnavailable(f"the artifact store {self} does not exist; is the bucket made?") from None
            raise ArtifactUnavailable(f"the artifact store {self} cannot be used: {self._line(error)}") from None

    def _line(self, error: BaseException) -> str:
        """The library's message without its debug dump, which goes on for many lines, and without secrets."""
        line = str(error).strip().partition("\n")[0]
        for secret in self._secrets:
            line = line.replace(secret, "***")
        # How long it took is another each time, and what keeps failing for one reason is to be said once.
        line = "".join(c if c.isprintable() else "?" for c in _TOOK.sub("", line))
        return one_line(excerpt(line, MOST_SAID)).rstrip(" :")
