"""What an artifact store does, and which store a URL means."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from workers.artifacts.errors import ArtifactCorrupt

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ArtifactStore(Protocol):
    """A place for artifacts; its methods raise :class:`~workers.artifacts.errors.ArtifactError`."""

    def put(self, data: bytes | memoryview) -> str:
        """Store ``data`` unless it is there already, and return its sha256."""

    def get(self, sha256: str, *, limit: int | None = None) -> bytes:
        """The artifact of that name, its sha256 verified; with ``limit``, one of more bytes is not even read."""

    def has(self, sha256: str) -> bool:
        """Whether the store has an artifact of that name; its content is not read."""


def open_store(url: str | os.PathLike[str]) -> ArtifactStore:
    """The store at ``url``: a path or ``file:///path``, ``s3://bucket/prefix``, or ``https://host/path`` (read-only).

    S3 takes endpoint, region and keys from the usual ``AWS_*`` variables of the environment.

    Raises:
        ValueError: no store is known by such a URL.
    """
    from workers.artifacts.folder import FolderStore

    text = os.fspath(url)
    if "://" not in text:
        return FolderStore(Path(text))
    parts = urlsplit(text)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme in ("s3", "http", "https") and parts.netloc:
        from workers.artifacts.remote import RemoteStore

        return RemoteStore(text, read_only=parts.scheme != "s3")
    raise ValueError(
        f"{text!r} is no artifact store; use a path, file:///path, s3://bucket/prefix or https://host/path"
    )


def object_name(sha256: str) -> str:
    """Where an artifact lies in any store, ``sha256/ab/<64 hex>``; raises ``ValueError`` for what is no sha256."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256[:80]!r} is not a sha256 in hexadecimal")
    return f"sha256/{sha256[:2]}/{sha256}"


def verified(data: bytes, sha256: str, origin: str) -> bytes:
    """``data`` if its name is right, else :class:`ArtifactCorrupt`."""
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise ArtifactCorrupt(f"artifact {sha256} in {origin} is damaged: its {len(data)} bytes have sha256 {found}")
    return data


def check_size(size: int, limit: int | None, sha256: str, origin: str) -> None:
    """Raise :class:`ArtifactCorrupt` for an artifact that is larger than it should be."""
    if limit is not None and size > limit:
        raise ArtifactCorrupt(f"artifact {sha256} in {origin} has {size} bytes, {limit} at most were expected")
