"""Typed reading of parsed JSON, where every value knows its place, so that every refusal can name it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from mcore.platform import dims
from mcore.platform.dims import Expr
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.format import limits
from mcore.platform.format.canonical import plain

T = TypeVar("T")


def is_name(text: str) -> bool:
    """Whether ``text`` may name a value, a weight or a tensor: printable, without spaces, not too long."""
    return 0 < len(text) <= limits.NAME and text.isprintable() and " " not in text


@dataclass(frozen=True, slots=True)
class Item:
    """A value of the document ``file`` and its ``path`` in it; methods raise ``FormatError`` where it does not fit."""

    value: Any
    file: str
    path: str = ""

    @property
    def where(self) -> str:
        """File and place, as errors name it."""
        return f"{self.file}: {self.path}" if self.path else self.file

    def refuse(self, what: str, hint: str = "") -> NoReturn:
        """Refuse this value."""
        raise FormatError(what, where=self.where, hint=hint)

    def record(self, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Item]:
        """The fields of an object that has all of ``required`` and, besides, only of ``optional``."""
        found = self._expect(dict, "an object")
        if missing := [key for key in required if key not in found]:
            self.refuse(f"field {missing[0]!r} is missing")
        if unknown := found.keys() - {*required, *optional}:
            self.refuse(f"unknown field {min(unknown)[:80]!r}", "written by a newer Platform?")
        prefix = f"{self.path}." if self.path else ""
        return {key: Item(value, self.file, prefix + key) for key, value in found.items()}

    def mapping(self, limit: int = limits.TENSORS) -> dict[str, Item]:
        """The entries of an object whose keys are names."""
        found = self._expect(dict, "an object")
        if len(found) > limit:
            self.refuse(f"{len(found)} entries, the limit is {limit}")
        if bad := [key for key in found if not is_name(key)]:
            self.refuse(f"{bad[0][:80]!r} is not a name")
        return {key: Item(value, self.file, f"{self.path}[{key!r}]") for key, value in found.items()}

    def items(self, limit: int = limits.TENSORS) -> list[Item]:
        """The items of a list."""
        found = self._expect(list, "a list")
        if len(found) > limit:
            self.refuse(f"{len(found)} items, the limit is {limit}")
        return [Item(value, self.file, f"{self.path}[{i}]") for i, value in enumerate(found)]

    def each(self, read: Callable[[Item], T], limit: int = limits.TENSORS) -> tuple[T, ...]:
        """The items of a list, each through ``read``."""
        return tuple(read(item) for item in self.items(limit))

    def text(self) -> str:
        """A printable text, which may be empty."""
        found: str = self._expect(str, "text")
        if len(found) > limits.TEXT or not found.isprintable():
            self.refuse(f"a text of more than {limits.TEXT} characters, or with control characters")
        return found

    def name(self) -> str:
        """A name of a value, weight, input, output or op."""
        found: str = self._expect(str, "a name")
        if not is_name(found):
            self.refuse(f"{found[:80]!r} is not a name")
        return found

    def integer(self, minimum: int, maximum: int) -> int:
        """An integer in a range."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not minimum <= self.value <= maximum:
            self.refuse(f"expected an integer from {minimum} to {maximum}, got {_short(self.value)}")
        return self.value

    def number(self) -> float:
        """A finite number that is not negative."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or self.value < 0:
            self.refuse(f"expected a number from 0 on, got {_short(self.value)}")
        return float(self.value)

    def dtype(self) -> DType:
        """An element type."""
        try:
            return DType(self.value)
        except ValueError:
            self.refuse(f"unknown element type {_short(self.value)}")

    def size(self) -> int | Expr:
        """A size in any sign: an integer, a symbol or a prefix list."""
        try:
            return dims.from_json(self.value)
        except ValueError as error:
            self.refuse(str(error))

    def shape(self) -> tuple[int | Expr, ...]:
        """Sizes of a tensor, none of them a negative number."""
        found = self.each(Item.size, limits.RANK)
        if any(isinstance(size, int) and size < 0 for size in found):
            self.refuse("a shape with a negative size")
        return found

    def plain(self) -> Any:
        """Free-form data."""
        return plain(self.value, where=self.where)

    def _expect(self, kind: type, what: str) -> Any:
        if not isinstance(self.value, kind):
            self.refuse(f"expected {what}, got {_short(self.value)}")
        return self.value


def _short(value: Any) -> str:
    text = "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else repr(value)
    return text if len(text) <= 80 else text[:80] + "…"
