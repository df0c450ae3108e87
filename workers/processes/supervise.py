"""Running a child process under watch: a time limit, a bounded log, the most memory it was seen to use."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.artifacts.scratch import Scratch
from workers.excerpt import Excerpt

#: Where children work. A host that was killed leaves their folders, and the next that starts on the machine removes them.
ATTEMPTS = Scratch("farm-attempt-")
LOG_BYTES = 8 << 10
#: Time to end for a child that has told all that it had to tell.
GRACE_S = 5.0
_TICK_S = 0.1
_CHUNK = 1 << 16
#: A pipe holds at most this many chunks.
_PIPE_CHUNKS = 16


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended. ``code`` is its exit code, negative the number of the signal that ended it.

    ``timed_out`` says that it was killed for being out of time. ``log`` is what it printed, of much the beginning
    and the end, and ``peak_memory_bytes`` the largest resident memory that it was seen with, sampled ten times a second.
    """

    code: int
    timed_out: bool
    log: str
    peak_memory_bytes: int | None

    @property
    def signal(self) -> int | None:
        """The signal that ended it, if one did."""
        return -self.code if self.code < 0 else None


def supervise(
    command: Sequence[str],
    *,
    stdin: bytes,
    environment: Mapping[str, str],
    time_s: float,
    told: Callable[[bytes], bool],
) -> Ending:
    """Run ``command``, with the number of the descriptor that it reports on as last argument, until it ends.

    It runs in a session and an empty folder of its own, where its temporary files go too (``TMPDIR``). When it has ended, or
    is out of time, all that it started is killed with it, and the folder removed. ``told`` is given what it writes to the
    descriptor, and returns whether that is all: from then on the child has :data:`GRACE_S` to end. An exception in the
    caller's thread (a soft time limit, say) kills the child too.
    """
    deadline = time.monotonic() + time_s
    with contextlib.ExitStack() as stack:
        asked = stack.enter_context(tempfile.TemporaryFile())
        asked.write(stdin)
        asked.seek(0)
        folder = stack.enter_context(ATTEMPTS.folder())
        told_end, tell_end = os.pipe()
        stack.callback(os.close, told_end)
        try:
            # A plain subprocess, since Celery's pool processes may have no children of multiprocessing.
            process = subprocess.Popen(
                [*command, str(tell_end)],
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(tell_end,),
                env={**environment, "TMPDIR": str(folder)},  # a killed child removes nothing itself
                cwd=folder,
                start_new_session=True,
            )
        finally:
            os.close(tell_end)
        assert process.stdout is not None
        stack.callback(process.stdout.close)
        try:
            watch = _Watch(process, told_end, told)
            timed_out = watch.until(deadline)
        finally:
            code = _end(process)
        watch.drain()
        return Ending(code, timed_out, watch.log, watch.peak)


class _Watch:
    """Reads what a child writes until it has ended."""

    def __init__(self, process: subprocess.Popen[bytes], channel: int, told: Callable[[bytes], bool]) -> None:
        assert process.stdout is not None
        self._process, self._channel, self._told = process, channel, told
        self._output = process.stdout.fileno()
        self._printed = Excerpt(LOG_BYTES)
        self.peak: int | None = None
        for descriptor in (channel, self._output):
            os.set_blocking(descriptor, False)

    @property
    def log(self) -> str:
        return self._printed.text

    def until(self, deadline: float) -> bool:
        """Watch until the child ends by itself (``False``) or ``deadline`` is over (``True``)."""
        complete = False
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ, self._told)
            selector.register(self._output, selectors.EVENT_READ, self._print)
            while self._process.poll() is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return not complete
                self._measure()
                if not selector.get_map():  # it has closed both ends, so all but its end is over
                    time.sleep(min(left, _TICK_S / 10))
                for key, _ in selector.select(min(left, _TICK_S)) if selector.get_map() else ():
                    data = _read(key.fd)
                    if data is None:
                        continue
                    if not data:
                        selector.unregister(key.fd)
                    elif key.data(data) and not complete:
                        complete, deadline = True, min(deadline, time.monotonic() + GRACE_S)
        return False

    def drain(self) -> None:
        """Take in what is left in the pipes of a child that has ended."""
        for descriptor, sink in ((self._channel, self._told), (self._output, self._print)):
            for _ in range(_PIPE_CHUNKS):  # something that escaped from the session might write for ever
                if not (data := _read(descriptor)):
                    break
                sink(data)

    def _print(self, data: bytes) -> bool:
        self._printed.add(data)
        return False

    def _measure(self) -> None:
        if (now := peak_memory_bytes(self._process.pid)) is not None:
            self.peak = max(now, self.peak or 0)


def peak_memory_bytes(process: int | str = "self") -> int | None:
    """The largest resident memory that a living process has had; ``None`` where the system does not tell.

    The kernel's own count for ended children is of no use: it begins at the memory of the parent that forked them.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
    return int(line.split()[1]) << 10 if line else None


def _read(descriptor: int) -> bytes | None:
    """What can be read now: ``b""`` at the end, ``None`` where there is nothing yet."""
    try:
        return os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return None


def _end(process: subprocess.Popen[bytes]) -> int:
    """Kill what is left of the child's session, and return its exit code."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
