"""Canonical JSON: one way to write a document, one strict way to read it.

Keys are sorted, nothing is escaped that need not be, numbers are written as Python's ``repr`` does (the shortest text that
reads back to the same number), and NaN and infinities do not exist. Each item of a top-level object or list of objects has a
line of its own, so that two documents can be compared by ``diff``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from mcore.platform.errors import FormatError
from mcore.platform.format import limits


class _RefusedError(ValueError):
    """Raised inside the JSON parser's hooks."""


def line(value: Any) -> str:
    """``value`` (plain data) on one line."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def document(fields: Mapping[str, Any]) -> bytes:
    """A whole document: top-level ``fields`` by name, one item a line, UTF-8, ended by a newline."""
    return ("{\n" + ",\n".join(f"{line(key)}:{_section(fields[key])}" for key in sorted(fields)) + "\n}\n").encode()


def _section(value: Any) -> str:
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "[\n" + ",\n".join(map(line, value)) + "\n]"
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"{line(key)}:{line(value[key])}" for key in sorted(value)) + "\n}"
    return line(value)


def parse(data: bytes | memoryview, *, where: str, limit: int) -> Any:
    """Read JSON that nobody vouches for.

    Raises:
        FormatError: longer than ``limit`` bytes, more than ``limits.CONTAINERS`` or ``limits.VALUES``, not UTF-8, not JSON, a
            key given twice, NaN or an infinity, an integer beyond ``limits.INTEGER``, or nested deeper than
            ``limits.JSON_DEPTH``.
    """
    if len(data) > limit:
        raise FormatError(f"{len(data)} bytes, the limit is {limit}", where=where)
    try:
        text = bytes(data).decode()
        _check_counts(text, where)
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start}", where=where) from None
    except json.JSONDecodeError as error:
        raise FormatError(f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}", where=where) from None
    except _RefusedError as error:
        raise FormatError(str(error), where=where) from None
    except RecursionError:
        raise FormatError(f"nested deeper than {limits.JSON_DEPTH}", where=where) from None
    _check_depth(value, where)
    return value


def plain(value: Any, *, where: str) -> Any:
    """``value`` as plain JSON data: mappings become dicts, sequences lists; raises :class:`FormatError` for anything else."""
    try:
        return _plain(value, 0)
    except _UnplainError as error:
        path = "".join(reversed(error.path))
        separator = "" if ": " in where else ": "
        place = f"{where}{separator}{path if ': ' in where else path.removeprefix('.')}" if path else where
        raise FormatError(error.what, where=place) from None


class _UnplainError(Exception):
    """What is not plain data, and the steps to it, the last first: made only when there is something to refuse."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.path: list[str] = []


def _plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, int):
        if abs(value) > limits.INTEGER:
            raise _UnplainError("integer beyond 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _UnplainError(f"{value} has no place in JSON")
        return float(value)
    if isinstance(value, Mapping):
        if stray := [key for key in value if not isinstance(key, str)]:
            raise _UnplainError(f"key {stray[0]!r} is not text")
        return {_encodable(key): _inside(f".{key}", item, depth) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_inside(i, item, depth) for i, item in enumerate(value)]
    raise _UnplainError(f"{type(value).__name__} is not plain data")


def _inside(step: str | int, value: Any, depth: int) -> Any:
    """A part of a container."""
    if depth >= limits.JSON_DEPTH // 2:
        raise _UnplainError(f"nested deeper than {limits.JSON_DEPTH // 2}")
    try:
        return _plain(value, depth + 1)
    except _UnplainError as error:
        error.path.append(step if isinstance(step, str) else f"[{step}]")
        raise


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _UnplainError("half of a surrogate pair in a text") from None
    return str(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise _RefusedError(f"key {twice[:80]!r} is given twice")
    return result


def _constant(token: str) -> Any:
    raise _RefusedError(f"{token} has no place in JSON")


def _integer(token: str) -> int:
    value = int(token) if len(token) <= 20 else None
    if value is None or abs(value) > limits.INTEGER:
        raise _RefusedError(f"integer {token[:24]} is beyond 64 bits")
    return value


def _float(token: str) -> float:
    value = float(token)
    if not math.isfinite(value):
        raise _RefusedError(f"number {token[:24]} is out of range")
    return value


def _check_counts(text: str, where: str) -> None:
    """Refuse what would become far more in memory than it is on the disk, by counts that no parsing is needed for."""
    containers = text.count("[") + text.count("{")
    if containers > limits.CONTAINERS:
        raise FormatError(f"{containers} lists and objects, the limit is {limits.CONTAINERS}", where=where)
    if (values := containers + text.count(",")) > limits.VALUES:
        raise FormatError(f"{values} values, the limit is {limits.VALUES}", where=where)


def _check_depth(value: Any, where: str) -> None:
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        if depth > limits.JSON_DEPTH:
            raise FormatError(f"nested deeper than {limits.JSON_DEPTH}", where=where)
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
