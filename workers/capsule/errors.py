"""Errors of reading a capsule; the tree is in the package."""

from __future__ import annotations

from typing import ClassVar


class CapsuleError(Exception):
    """A capsule cannot be replayed; the text is one line."""

    exit_code: ClassVar[int] = 3


class CapsuleMissing(CapsuleError):  # noqa: N818
    """There is no capsule."""

    exit_code = 4


class CapsuleDamaged(CapsuleError):  # noqa: N818
    """It is not what it was when it was made."""
