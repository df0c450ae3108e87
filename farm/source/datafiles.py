"""Files of a tree that strings in its code name: configurations, tables, lists of classes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache

_LONGEST = 200
_WORD = re.compile(r"[^\W\d_]{2}")  # without one, a pattern such as f"{height}x{width}" would be the name of any file


class DataFiles:
    """Looks strings up among the paths of a tree.

    A path counts from the root of the repository, from the folder of the module that names it, and from each folder above.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self._last = frozenset(p.rpartition("/")[2] for p in self._paths)
        self._data = sorted(p for p in self._paths if not p.endswith(".py"))
        self._text = "\n".join(self._data)

    def named(self, text: str, module_path: str) -> str | None:
        """The file that ``text`` names in code of the module, the nearest one; ``None`` where there is none."""
        if not text or len(text) > _LONGEST or "\n" in text or text == "__init__.py":  # compared with, never read
            return None
        if (last := text.rpartition("/")[2]) not in self._last and last not in ("", ".", ".."):
            return None  # nearly all strings: no file is called so
        for folder in _folders(module_path):
            path = posixpath.normpath(posixpath.join(folder, text))
            if path in self._paths:
                return path
        return None

    def matching(self, pattern: str, module_path: str) -> tuple[str, ...]:
        """Data files that a path with unknown parts (``*``) can name; none where it has no word of its own."""
        pattern = pattern.removeprefix("*/")
        if not _WORD.search(pattern) or len(pattern) > _LONGEST:
            return ()
        pieces = pattern.split("*")
        if not all(piece in self._text for piece in pieces):
            return ()  # nearly all patterns: messages to people
        expression = ".*".join(map(re.escape, pieces))
        folders = "|".join(re.escape(f + "/" if f else "") for f in _folders(module_path))
        compiled = re.compile(f"(?:{folders}){expression}")
        return tuple(p for p in self._data if compiled.fullmatch(p))


@lru_cache(maxsize=1024)
def _folders(module_path: str) -> tuple[str, ...]:
    found = [posixpath.dirname(module_path)]
    while found[-1]:
        found.append(posixpath.dirname(found[-1]))
    return tuple(found)
