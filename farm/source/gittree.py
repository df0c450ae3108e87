"""Source trees that git knows: those of commits, and the one on disk."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from farm.source.blobs import BlobReader
from farm.source.errors import FileNotInTreeError
from farm.source.tree import Unread, why_unread


class GitTree:
    """The regular files of one commit; contents are read when they are asked for.

    Args:
        key: full id of the commit.
        entries: blob id by path.
        blobs: where contents come from.
        unread: what else is there, by path.
    """

    def __init__(
        self, key: str, entries: Mapping[str, str], blobs: BlobReader, unread: Mapping[str, Unread] | None = None
    ) -> None:
        self.key, self.entries, self.unread = key, entries, unread or {}
        self._blobs = blobs

    def paths(self) -> Collection[str]:
        """Paths of all files."""
        return self.entries.keys()

    def blob_id(self, path: str) -> str:
        """Git's id of a file's content; raises :class:`FileNotInTreeError`."""
        try:
            return self.entries[path]
        except KeyError:
            raise FileNotInTreeError(path, self.key[:10], why_unread(self.unread, path)) from None

    def read(self, path: str) -> bytes:
        """Content of a file; raises :class:`FileNotInTreeError`."""
        package = path.partition("/")[0]
        return self._blobs.read(self.blob_id(path), self._modules.get(package, ()) if path.endswith(".py") else ())

    @cached_property
    def _modules(self) -> Mapping[str, Sequence[str]]:
        """Blob ids of the Python files in each folder at the top: who reads one of a package reads nearly all."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for path, blob_id in self.entries.items():
            if path.endswith(".py"):
                found[path.partition("/")[0]].append(blob_id)
        return found


class WorkingTree:
    """The files on disk: those of a commit, but for the ones that differ from it.

    Args:
        key: of the commit, with the hash of what differs.
        base: the commit.
        changed: git's id of each file that differs, ``None`` where it was deleted.
        root: folder of the files.
    """

    def __init__(self, key: str, base: GitTree, changed: Mapping[str, str | None], root: Path) -> None:
        self.key, self.base, self.changed, self.root = key, base, changed, root
        self.unread = base.unread
        self._entries = {p: i for p, i in {**base.entries, **changed}.items() if i is not None}
        # Source is kept as it was when the key was made; large data is not worth the memory.
        self._source = {p: self._on_disk(p) for p, i in changed.items() if i is not None and p.endswith(".py")}

    def paths(self) -> Collection[str]:
        """Paths of all files."""
        return self._entries.keys()

    def blob_id(self, path: str) -> str:
        """Git's id of a file's content, as a commit of it would have; raises :class:`FileNotInTreeError`."""
        try:
            return self._entries[path]
        except KeyError:
            raise FileNotInTreeError(path, self.key, why_unread(self.unread, path)) from None

    def read(self, path: str) -> bytes:
        """Content of a file; raises :class:`FileNotInTreeError`."""
        self.blob_id(path)
        if path not in self.changed:
            return self.base.read(path)
        return self._source[path] if path in self._source else self._on_disk(path)

    def _on_disk(self, path: str) -> bytes:
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            raise FileNotInTreeError(path, self.key) from None


def content_key(sha: str, changed: Mapping[str, str | None]) -> str:
    """Key of the tree of a commit with some files changed or deleted: the same files, the same key."""
    if not changed:
        return sha
    digest = hashlib.sha256()
    for path in sorted(changed):
        digest.update(f"{path}\0{changed[path] or 'deleted'}\n".encode(errors="surrogateescape"))
    return f"{sha}+dirty.{digest.hexdigest()[:8]}"
