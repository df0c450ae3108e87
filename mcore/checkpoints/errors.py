"""Errors of the checkpoint store; each is one line and knows the exit code of a command that it ends.

::

    CheckpointError             2  the request cannot be followed: a name, a description or a rule that makes no sense
    ├── FilterError             2  a filter does not parse, or asks for what there is not; names the column
    ├── CheckpointNotFoundError 4  no such checkpoint
    ├── DamagedError            1  what lies on the disk is not what was stored
    ├── MisfitError             1  weights do not fit the model that they are loaded into
    └── StoreUnavailableError   3  the database cannot be used, or the disk not be written
"""

from __future__ import annotations

from typing import ClassVar


class CheckpointError(ValueError):
    """Base of the store's errors: as it is, the request cannot be followed."""

    exit_code: ClassVar[int] = 2


class FilterError(CheckpointError):
    """A filter is wrong.

    Args:
        what: what is wrong, and what to write instead.
        text: the filter.
        column: of the mistake, counted from 1.
    """

    def __init__(self, what: str, text: str, column: int) -> None:
        super().__init__(f"filter, column {column}: {what}")
        self.what, self.text, self.column = what, text, column

    def pointed(self) -> str:
        """The filter with a mark below the mistake: two lines, for a terminal."""
        return f"{self.text}\n{' ' * (self.column - 1)}^"


class CheckpointNotFoundError(CheckpointError):
    """There is no such checkpoint."""

    exit_code = 4


class DamagedError(CheckpointError):
    """A file of the store is missing or is not what was stored."""

    exit_code = 1


class MisfitError(CheckpointError):
    """Weights do not fit."""

    exit_code = 1


class StoreUnavailableError(CheckpointError):
    """The database cannot be reached, is locked for too long or of a newer version; or a file cannot be written."""

    exit_code = 3
