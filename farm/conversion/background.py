"""A converter in a thread beside a coordinator; what breaks in it is raised where the coordinator looks."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from farm.conversion.converter import Converter, Progress


class BackgroundConverter:
    """Converts from entering to leaving; leaving ends it after the event at hand, and gives back what it had claimed."""

    def __init__(self, converter: Converter, progress: Progress | None = None) -> None:
        self._converter, self._progress = converter, progress
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="converter")

    def check(self) -> None:
        """Raise what ended the thread, if anything did: without it, conversions would be waited for in vain."""
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._converter.run(self._stop.is_set, self._progress)
        except BaseException as error:  # raised again by check(), in the thread that can end the program
            self._error = error
