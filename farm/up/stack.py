"""Running services together: each with its log before everybody's eyes, all of them or none."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from farm.errors import InfrastructureError
from farm.up.services import Service
from workers.report import signal_name

#: What a service may take until it is ready.
READY_S = 90.0
LOOK_S = 0.1
#: Lines of a log that are kept for the word of what ended.
KEPT = 5
#: A process that is never without the one that started it: whatever happens to that, none is left behind.
_TIED = (
    sys.executable,
    "-c",
    "import os, sys; from workers.processes.beginning import prepare; prepare(); os.execvp(sys.argv[1], sys.argv[1:])",
)


class _Running:
    """One process, with a thread that passes its log on."""

    def __init__(self, service: Service, folder: Path, write: Callable[[str, str], None]) -> None:
        self.service = service
        self.said: deque[str] = deque(maxlen=KEPT)
        self.ready = threading.Event()
        if not service.ready:
            self.ready.set()
        self._write = write
        self.process = subprocess.Popen(
            [*_TIED, *service.command],
            cwd=folder,
            env={**os.environ, **service.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for who started it, who ends all in order
        )
        assert self.process.stdout is not None
        self._pump = threading.Thread(target=self._pass_on, args=(self.process.stdout,), daemon=True)
        self._pump.start()

    def _pass_on(self, log: IO[bytes]) -> None:
        for raw in log:
            if not (line := raw.decode(errors="replace").rstrip()):
                continue
            self.said.append(line)
            self._write(self.service.name, line)
            if self.service.ready and self.service.ready in line:
                self.ready.set()

    def ask_to_end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.service.ends_by)

    def end(self) -> None:
        """Once it has ended, or its grace is over: it, and whatever it may have left."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.service.grace_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._pump.join(2.0)
        if not self._pump.is_alive() and self.process.stdout is not None:
            self.process.stdout.close()


class Stack:
    """Services that run together, from entering to leaving.

    Args:
        services: in the order in which they start.
        folder: where they run.
        write: takes the name of a service and a line of its log.
    """

    def __init__(self, services: Sequence[Service], folder: Path, write: Callable[[str, str], None]) -> None:
        self._services, self._folder, self._write = services, folder, write
        self._running: list[_Running] = []
        self._one_line = threading.Lock()

    def start(self, stop: Callable[[], bool]) -> bool:
        """Start all, and wait until they are ready; ``False`` where ``stop`` said so before they were.

        Raises:
            InfrastructureError: one of them ended, or was not ready in time.
        """
        for service in self._services:
            started = _Running(service, self._folder, self._whole_line)
            self._running.append(started)
            if service.first and not self._wait([started], stop):
                return False
        return self._wait(self._running, stop)

    def watch(self, stop: Callable[[], bool]) -> None:
        """Wait until ``stop`` says so; raises :class:`InfrastructureError` as soon as one of them ends."""
        while not stop():
            self._check()
            time.sleep(LOOK_S)

    def end(self) -> None:
        """End all that run, what was started last first; nothing of them is left then."""
        while self._running:
            last = self._running.pop()
            last.ask_to_end()
            last.end()

    def _wait(self, started: Sequence[_Running], stop: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + READY_S
        while left := [one.service.name for one in started if not one.ready.is_set()]:
            if stop():
                return False
            self._check()
            if time.monotonic() > deadline:
                raise InfrastructureError(f"not ready within {READY_S:g} s: {', '.join(left)}")
            time.sleep(LOOK_S / 2)
        return True

    def _check(self) -> None:
        for one in self._running:
            if (code := one.process.poll()) is not None:
                time.sleep(LOOK_S)  # what it said last is on its way
                last = f"; it said last: {one.said[-1]}" if one.said else ""
                how = f"was ended by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
                raise InfrastructureError(f"{one.service.name} {how}, so all the others end too{last}")

    def _whole_line(self, name: str, line: str) -> None:
        with self._one_line:
            self._write(name, line)
