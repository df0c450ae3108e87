"""The files of one state of a repository, however they are stored."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class SourceTree(Protocol):
    """Files by their path from the root of the repository, with ``/`` between folders."""

    @property
    def key(self) -> str:
        """Names this state: the full commit id, and where files differ from it, ``<commit>+dirty.<8 hex digits>``."""

    def paths(self) -> Collection[str]:
        """Paths of all files; testing for one is quick."""

    def read(self, path: str) -> bytes:
        """Content of a file; raises :class:`farm.source.errors.FileNotInTreeError`."""

    def blob_id(self, path: str) -> str:
        """Git's id of that content; raises :class:`farm.source.errors.FileNotInTreeError`."""
