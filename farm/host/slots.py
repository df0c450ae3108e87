"""How many units of one machine run an attempt at a time: a lock file for each place, in the cache folder that they share.

The operating system gives a place back when its holder dies, however it dies.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from workers.artifacts.held import alone

FOLDER = ".slots"
POLL_S = 0.1


@contextmanager
def slot(cache: Path, at_once: Callable[[], int | None]) -> Iterator[None]:
    """Wait for a place and hold it; ``at_once``, asked again and again, is how many there are, ``None`` for no bound."""
    with ExitStack() as stack:
        while (bound := at_once()) is not None and not _taken(stack, cache / FOLDER, bound):
            time.sleep(POLL_S)
        yield


def _taken(stack: ExitStack, folder: Path, bound: int) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(bound):
        attempt = ExitStack()
        if attempt.enter_context(alone(folder / str(place), os.O_RDWR | os.O_CREAT, wait=False)) is not None:
            stack.push(attempt)
            return True
        attempt.close()
    return False
