"""A converter in a thread: it stops when it is left, and what breaks in it is raised where somebody looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from farm.conversion.background import BackgroundConverter


class Worker:
    """Stands in for a converter."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error, self.running, self.ended = error, threading.Event(), False

    def run(self, stop: Callable[[], bool], progress: object = None) -> None:
        self.running.set()
        if self.error is not None:
            raise self.error
        while not stop():
            time.sleep(0.005)
        self.ended = True


def test_it_runs_from_entering_to_leaving() -> None:
    worker = Worker()
    with BackgroundConverter(worker) as converting:  # type: ignore[arg-type]
        assert worker.running.wait(10)
        converting.check()
        assert not worker.ended
    assert worker.ended


def test_leaving_by_an_error_ends_it_too() -> None:
    worker = Worker()
    with pytest.raises(KeyError), BackgroundConverter(worker):  # type: ignore[arg-type]
        raise KeyError
    assert worker.ended


@pytest.mark.parametrize("error", [RuntimeError("broken"), SystemExit(3)])
def test_what_breaks_in_it_is_raised_by_whoever_looks(error: BaseException) -> None:
    with BackgroundConverter(Worker(error)) as converting, pytest.raises(type(error)) as caught:  # type: ignore[arg-type]
        look_for_ten_seconds(converting)
    assert caught.value is error


def look_for_ten_seconds(converting: BackgroundConverter) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        converting.check()
        time.sleep(0.005)
