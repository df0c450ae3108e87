"""Values that differ from others in a few fields."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import msgspec

Value = TypeVar("Value")


def replace(value: Value, **changes: Any) -> Value:
    """A data class or a struct with other values in some fields: tables are of the ones, their cells of the others."""
    kind: Any = msgspec.structs if isinstance(value, msgspec.Struct) else dataclasses
    changed: Value = kind.replace(value, **changes)
    return changed
