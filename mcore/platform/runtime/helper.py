"""A process that runs lanes of steps for the one that it was forked from, on the arena that both share.

A process rather than a thread: a thread that waits is woken by the system and then has to get the interpreter's lock back,
35 to 70 microseconds on a virtual machine, which is longer than many steps. A process has a lock of its own, so that within a
run it can look for its next lane again and again, and starts on it in about one microsecond. Between runs it sleeps.

Lanes are handed over by semaphores, which POSIX wants to order memory on every processor: what was written before a release is
seen after the acquisition. No data goes along, for a fork knows the whole plan.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import NoReturn

import numpy as np

from mcore.platform.errors import BackendError, ResourceError
from mcore.platform.runtime.step import Lane, walk
from mcore.platform.runtime.waiting import Apart, Wait

#: Bytes of the number of a thread.
_NUMBER = 4

#: Largest report of a failure, in bytes. It fits in the buffer of a socket, so that who reports does not wait for a reader.
REPORT_BYTES = 16384


#: Seconds of sleep between two runs after which a helper makes sure that its owner still lives. The end of a socket tells of
#: that at once, unless another fork of the owner holds it open.
IDLE_S = 2.0


class Helper:
    """One process that walks ``lanes`` in order, each when it is given, and all of them again in the next run.

    Raises:
        ResourceError: the system lets no further process or semaphore be made.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        try:
            context = multiprocessing.get_context("fork")
            self._given, self._done = context.Semaphore(0), context.Semaphore(0)
            self._socket, other = socket.socketpair()
        except OSError as error:
            raise ResourceError(f"no semaphores or sockets for a second thread of a program: {error}") from error
        self._owner, self._wait, self._is_over = os.getpid(), Wait(), False
        try:
            self.process = _forked(partial(self._serve, lanes, other))
        except OSError as error:
            self._socket.close()
            raise ResourceError(f"no process for a second thread of a program: {error}") from error
        finally:
            other.close()

    def wake(self) -> None:
        """Have it wait for the first lane of a run; that it has ended is for :meth:`take` to find out."""
        with suppress(OSError):
            self._socket.send(threading.get_native_id().to_bytes(_NUMBER), socket.MSG_NOSIGNAL)

    def give(self, *, out: None = None) -> None:
        """Have it run its next lane. This is the call of a step, as :meth:`take` is."""
        self._given.release()

    def take(self, *, out: None = None) -> None:
        """Wait until its lane is done; raises what the lane raised, or :class:`BackendError` if the process has ended."""
        self._wait(self._done.acquire, self._check)

    def end(self) -> None:
        """End the process, whatever it does, and leave nothing of it behind; in a fork of its owner, it stays the owner's."""
        self._socket.close()
        if self._is_over or self._owner != os.getpid():
            return
        with suppress(ChildProcessError):  # somebody else has waited for it
            if os.waitpid(self.process, os.WNOHANG)[0] == 0:
                os.kill(self.process, signal.SIGKILL)  # the number is its own until it has been waited for
                os.waitpid(self.process, 0)

    def _check(self) -> None:
        try:
            ended, status = os.waitpid(self.process, os.WNOHANG)
        except ChildProcessError:
            self._is_over = True
            raise BackendError("a process that ran lanes of the program has ended, nobody knows why") from None
        if ended:
            self._is_over = True
            raise self._failure(os.waitstatus_to_exitcode(status))

    def _failure(self, code: int) -> Exception:
        """What a process that has ended with ``code`` reported; else how it ended."""
        report = b""
        with suppress(OSError):
            report = self._socket.recv(REPORT_BYTES, socket.MSG_DONTWAIT)
        if report:
            return _reported(report)
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"has ended with code {code}"
        return BackendError(f"a process that ran lanes of the program {how}; threads=1 does without such")

    def _serve(self, lanes: Sequence[Lane], own: socket.socket) -> None:
        """What the fork does, until its owner has ended."""
        with suppress(OSError):  # where the system does not tell which there are
            _leave_all_but(own.fileno())
        own.settimeout(IDLE_S)
        gc.disable()  # what the owner had left to collect, files to be deleted say, is the owner's alone
        check = partial(_check_parent, self._owner)
        apart, given, done = Apart(self._owner), self._given.acquire, self._done.release
        wait = Wait(apart.keep)
        try:
            with np.errstate(all="ignore"):
                while thread := _received(own, check):
                    apart.thread = int.from_bytes(thread)
                    apart.keep()
                    for lane in lanes:
                        wait(given, check)
                        walk(lane)
                        done()
        except BaseException as error:
            own.send(_report(error))
            raise


def _forked(serve: Callable[[], None]) -> int:
    """The process of a fork that does nothing but ``serve``, and that no signal reaches: its owner's end is its own."""
    before = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    try:
        with warnings.catch_warnings():
            # Python warns where there are threads: locks that they held stay locked in a fork. This one wants none of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
        if process == 0:
            _serve_and_exit(serve)
        return process
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve_and_exit(serve: Callable[[], None]) -> NoReturn:
    """No handler of the owner's runs, no buffer of its files is written again, nothing that it holds is finalised."""
    code = 1
    try:
        serve()
        code = 0
    finally:
        os._exit(code)


def _leave_all_but(descriptor: int) -> None:
    """Close every file but that and standard error: an owner that closes a socket or lock means it to be closed."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in (2, descriptor):
            with suppress(OSError):  # the list is itself one of them
                os.close(int(name))


def _received(own: socket.socket, check: Callable[[], None]) -> bytes:
    """The number of the thread that a run is of, when there is one; nothing when there will be none."""
    while True:
        with suppress(TimeoutError):
            return own.recv(_NUMBER)
        check()


def _check_parent(owner: int) -> None:
    """End a fork whose owner has been killed."""
    if os.getppid() != owner:
        os._exit(0)


def _report(error: BaseException) -> bytes:
    """The built-in exception that ``error`` is one of, its own type and its text: all that the steps of lanes raise is so."""
    kind = next(kind for kind in type(error).__mro__ if kind.__module__ == "builtins")
    return f"{kind.__name__}\n{type(error).__name__}\n{error}".encode(errors="replace")[:REPORT_BYTES]


def _reported(report: bytes) -> Exception:
    """What :func:`_report` told of, or a :class:`BackendError` that says so where that is not of use to catch."""
    kind, name, text = report.decode(errors="replace").split("\n", 2)
    made = {"MemoryError": MemoryError, "ValueError": ValueError, "TypeError": TypeError}.get(kind)
    return BackendError(f"{name}: {text}") if made is None else made(text)
