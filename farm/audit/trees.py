"""States of a repository that never were: one tree with some files as another one, or nobody, has them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from farm.source.errors import FileNotInTreeError
from farm.source.tree import SourceTree, why_unread


class OverlayTree:
    """``base`` with the contents of some files replaced; ``None`` takes a file away."""

    def __init__(self, base: SourceTree, files: Mapping[str, bytes | None]) -> None:
        self._base, self._files = base, dict(files)
        self.unread = base.unread
        gone = {path for path, content in files.items() if content is None}
        self._paths = ({*base.paths()} | files.keys()) - gone
        self._ids = {path: _blob_id(content) for path, content in files.items() if content is not None}
        told = "".join(f"{path}\0{self._ids.get(path, '')}\n" for path in sorted(files))
        self.key = f"{base.key}+overlay.{hashlib.sha256(told.encode(errors='surrogateescape')).hexdigest()[:16]}"

    def paths(self) -> Collection[str]:
        """Paths of all files."""
        return self._paths

    def blob_id(self, path: str) -> str:
        """Git's id of a file's content; raises :class:`FileNotInTreeError`."""
        self._check(path)
        return self._ids[path] if path in self._files else self._base.blob_id(path)

    def read(self, path: str) -> bytes:
        """Content of a file; raises :class:`FileNotInTreeError`."""
        self._check(path)
        content = self._files.get(path)
        return content if content is not None else self._base.read(path)

    def _check(self, path: str) -> None:
        if path not in self._paths:
            raise FileNotInTreeError(path, self.key, why_unread(self.unread, path))


def changed_files(old: SourceTree, new: SourceTree) -> tuple[str, ...]:
    """Files whose content differs between two trees, or that one of them lacks; sorted."""
    before, after = set(old.paths()), set(new.paths())
    both = {path for path in before & after if old.blob_id(path) != new.blob_id(path)}
    return tuple(sorted(both | (before ^ after)))


def content(tree: SourceTree, path: str) -> bytes | None:
    """A file's content, ``None`` where the tree has no such file."""
    return tree.read(path) if path in tree.paths() else None


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
