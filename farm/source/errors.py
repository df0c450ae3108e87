"""Errors of reading a model repository; each is one line of what, where and what to do.

::

    SourceError                    3  farm.errors.FarmError
    ├── GitError                   3  git itself failed: not installed, a damaged repository, a missing object
    ├── NotARepositoryError        2  the path is in no git repository, or in one without the files on disk that are asked for
    ├── UnknownRevisionError       4  no such commit; suggests near branches and tags
    ├── FileNotInTreeError         4  the commit has no such file
    └── BadCatalogueError          2  the catalogue contradicts itself
"""

from __future__ import annotations

from collections.abc import Iterable

from farm.errors import ExitCode, FarmError, near


class SourceError(FarmError):
    """A model repository cannot be read."""


class GitError(SourceError):
    """Git failed for a reason that lies neither in the request nor in the revision."""


class NotARepositoryError(SourceError):
    """The path is in no git repository that can serve the request."""

    exit_code = ExitCode.USAGE


class UnknownRevisionError(SourceError):
    """A revision names no commit.

    Args:
        revision: as it was asked for.
        why: one clause.
        known: names of branches and tags, of which near ones are suggested.
    """

    exit_code = ExitCode.NOT_FOUND

    def __init__(self, revision: str, why: str = "no such commit, branch or tag", known: Iterable[str] = ()) -> None:
        super().__init__(f"revision {revision!r}: {why}{near(revision, known)}")
        self.revision = revision


class FileNotInTreeError(SourceError):
    """A tree has no such file; ``why`` is a clause that says so, where more is known than that."""

    exit_code = ExitCode.NOT_FOUND

    def __init__(self, path: str, tree: str, why: str = "") -> None:
        super().__init__(f"{path} at {tree}: {why}" if why else f"{path}: no such file at {tree}")


class BadCatalogueError(SourceError):
    """The catalogue of architectures contradicts itself."""

    exit_code = ExitCode.USAGE
