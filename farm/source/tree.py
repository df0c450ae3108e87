"""The files of one state of a repository, however they are stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Protocol


class Unread(StrEnum):
    """What git may have at a path that is no file; the value is a clause for what lies there, with a place for that path."""

    SUBMODULE = "lies in the submodule {}, whose files are not read"
    LINK = "lies behind the symbolic link {}, which is not followed"


class SourceTree(Protocol):
    """Files by their path from the root of the repository, with ``/`` between folders."""

    @property
    def key(self) -> str:
        """Names this state: the full commit id, and where files differ from it, ``<commit>+dirty.<8 hex digits>``."""

    @property
    def unread(self) -> Mapping[str, Unread]:
        """What else git has, by path: nothing of it, nor below it, is among the files."""

    def paths(self) -> Collection[str]:
        """Paths of all files; testing for one is quick."""

    def read(self, path: str) -> bytes:
        """Content of a file; raises :class:`farm.source.errors.FileNotInTreeError`."""

    def blob_id(self, path: str) -> str:
        """Git's id of that content; raises :class:`farm.source.errors.FileNotInTreeError`."""


def why_unread(unread: Mapping[str, Unread], *paths: str) -> str:
    """Why the first of ``paths`` that is unread is no file; empty where none of them is."""
    for path in paths:
        for at, kind in unread.items():
            if path == at or path.startswith(f"{at}/"):
                return kind.format(at)
    return ""
