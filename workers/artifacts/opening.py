"""Which store a URL means."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from workers.artifacts.folder import FolderStore
from workers.artifacts.store import ArtifactStore, shown


def open_store(url: str | os.PathLike[str]) -> ArtifactStore:
    """The store at ``url``: a path or ``file:///path``, ``s3://bucket/prefix``, or ``https://host/path`` (read-only).

    S3 takes endpoint, region and keys from the usual ``AWS_*`` variables of the environment.

    Raises:
        ValueError: no store is known by such a URL; the text never holds a password that stood in it.
    """
    text = os.fspath(url)
    if "://" not in text:
        return FolderStore(Path(text))
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ValueError(f"{shown(text)!r} is no artifact store: {error}") from None
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme in ("s3", "http", "https") and parts.netloc:
        from workers.artifacts.remote import RemoteStore

        return RemoteStore(text, read_only=parts.scheme != "s3")
    raise ValueError(
        f"{shown(text)!r} is no artifact store; use a path, file:///path, s3://bucket/prefix or https://host/path"
    )
