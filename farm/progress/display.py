"""Who is shown how far a submission is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from farm.progress.stages import Progress, Rest
from farm.progress.words import line

#: From one line of a log to the next.
LINE_EVERY_S = 10.0


class Display(Protocol):
    """Shows progress, and remarks beside it."""

    @property
    def every_s(self) -> float:
        """From one look to the next."""
        ...

    def say(self, text: str) -> None:
        """A remark, which stays."""
        ...

    def show(self, progress: Progress, rests: Mapping[str, Rest]) -> None:
        """How far it is now, and how long each stage will take."""
        ...


class Lines:
    """A line from time to time, where it says something new: for logs."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last = ""

    @property
    def every_s(self) -> float:
        return LINE_EVERY_S

    def say(self, text: str) -> None:
        self._say(text)

    def show(self, progress: Progress, rests: Mapping[str, Rest]) -> None:
        said = line(progress, rests)
        if said != self._last:
            self._say(f"farm: {said}")
            self._last = said
