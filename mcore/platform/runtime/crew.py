"""Threads that run lanes of steps at once: NumPy lets go of the interpreter lock in its loops and in BLAS."""

from __future__ import annotations

import os
import threading
import weakref
from _thread import allocate_lock
from collections.abc import Sequence
from typing import Any

import numpy as np

from mcore.platform.runtime.step import Step

_Lane = Sequence[Step]


class _Mailbox:
    """What a worker and its crew hand each other: locks, because they wake a thread in a third of a queue's time."""

    def __init__(self) -> None:
        self.lane: _Lane | None = None
        self.error: BaseException | None = None
        self.given, self.done = allocate_lock(), allocate_lock()
        self.given.acquire()
        self.done.acquire()

    def give(self, lane: _Lane | None) -> None:
        """Have the worker run a lane; ``None`` ends it."""
        self.lane = lane
        self.given.release()


class Crew:
    """``size`` threads, the caller among them. The others are started on first use, and end with the crew."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._mailboxes: list[_Mailbox] = []
        self._process = 0

    def run(self, *lanes: _Lane, out: Any = None) -> None:
        """Run all lanes and return when they are done; raises what the first failing lane raised. ``out`` is not used."""
        own, *others = lanes
        mailboxes = self._started()[: len(others)]
        for mailbox, lane in zip(mailboxes, others, strict=True):
            mailbox.give(lane)
        failure: BaseException | None = None
        try:
            walk(own)
        except BaseException as error:
            failure = error
        for mailbox in mailboxes:  # also after a failure: they write to memory that the next run reads
            mailbox.done.acquire()
            failure, mailbox.error = failure or mailbox.error, None
        if failure is not None:
            raise failure

    def _started(self) -> list[_Mailbox]:
        if self._process != os.getpid():  # a fork has no threads but the one that made it
            self._process = os.getpid()
            self._mailboxes = [_Mailbox() for _ in range(self.size - 1)]
            for mailbox in self._mailboxes:
                threading.Thread(target=_work, args=(mailbox,), name="mcore-lane", daemon=True).start()
                weakref.finalize(self, mailbox.give, None)
        return self._mailboxes


def walk(steps: _Lane) -> None:
    """Run steps one after the other."""
    for call, arguments, out in steps:
        call(*arguments, out=out)


def _work(mailbox: _Mailbox) -> None:
    with np.errstate(all="ignore"):  # it holds for one thread, as the caller's does
        while True:
            mailbox.given.acquire()
            if mailbox.lane is None:
                return
            try:
                walk(mailbox.lane)
            except BaseException as error:
                mailbox.error = error
            mailbox.lane = None
            mailbox.done.release()
