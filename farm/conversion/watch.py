"""What of the model code reaches one file while it is converted: who calls into it, runs it, opens it, or lists its folder.

An audit of the selection asks this of a file that changed a bundle without being in the architecture's closure. Calls are
seen by ``sys.setprofile``, in the converter's own thread, where model code runs; files and folders by an audit hook.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

#: Ways of reaching a file, the most telling first.
WAYS = ("calls", "opens", "runs", "lists")
#: Different ones that are kept.
_MOST = 64
_EVENTS = ("open", "os.listdir", "os.scandir")
#: Python's own import opens and lists much; that it runs a file is seen otherwise.
_IMPORTING = "<frozen importlib"


class Reach(msgspec.Struct, frozen=True):
    """One way on which the file is reached: ``caller`` is ``file:line``, ``what`` the function's name, or the path."""

    way: str
    caller: str
    what: str


class Watch:
    """Watches for one file of a source folder; ``reached`` fills as it goes."""

    def __init__(self, source: Path, path: str) -> None:
        self._source = os.path.realpath(source) + os.sep
        self._target = self._source + path
        self._folder = os.path.dirname(self._target)
        self._on = False
        self.reached: dict[Reach, None] = {}

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """While model code runs."""
        self._on = True
        sys.addaudithook(self._audited)  # for good: there is no way to take one back
        sys.setprofile(self._profiled)
        try:
            yield
        finally:
            sys.setprofile(None)
            self._on = False

    def found(self) -> list[Reach]:
        """The ways on which the file was reached, the most telling first."""
        return sorted(self.reached, key=lambda reach: WAYS.index(reach.way))

    def _profiled(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename == self._target:
            name = frame.f_code.co_qualname
            self._note("runs" if name == "<module>" else "calls", frame.f_back, name)

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on or event not in _EVENTS:  # asking for a frame is an event too
            return
        way, place = ("opens", self._target) if event == "open" else ("lists", self._folder)
        frame = sys._getframe(1)
        if _path(arguments) == place and not frame.f_code.co_filename.startswith(_IMPORTING):
            self._note(way, frame, place.removeprefix(self._source))

    def _note(self, way: str, frame: FrameType | None, what: str) -> None:
        """Remember who did it: the nearest code of the source folder that is not the file itself."""
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._source) and name != self._target:
                if len(self.reached) < _MOST:
                    self.reached[Reach(way, f"{name.removeprefix(self._source)}:{frame.f_lineno}", what)] = None
                return
            frame = frame.f_back


def _path(arguments: tuple[Any, ...]) -> str | None:
    """The path that an event is about, made absolute."""
    first = arguments[0] if arguments else None
    try:
        return os.path.abspath(os.fsdecode(first)) if isinstance(first, str | bytes | os.PathLike) else None
    except ValueError:
        return None
