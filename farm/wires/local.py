"""The local wire: attempts run on this machine, each in its own child process, with no broker at all."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Self

from farm.host.attempt import perform
from farm.protocol import AttemptMessage, CheckMessage, ControlMessage, Message, StartedMessage, decode, encode
from farm.settings import HostSettings
from farm.wires import Addressed
from workers.processes.supervise import ATTEMPTS


@dataclass(slots=True)
class LocalDelivery:
    """A message of this process: there is nobody to tell that it was merged."""

    message: Message
    signer: str | None = None

    def acknowledge(self) -> None:
        """Nothing to do."""


class LocalWire:
    """Runs up to ``parallel`` attempts at a time; a thread only waits for the child process that does the work."""

    attended: ClassVar[bool] = False

    def __init__(self, host: HostSettings, parallel: int) -> None:
        self._host = host
        self._arrived: queue.SimpleQueue[Message] = queue.SimpleQueue()
        ATTEMPTS.remove_leftovers()
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="attempt")

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        """Queue the attempts, through the same encoding as on the real wire."""
        for each in attempts:
            self._pool.submit(self._run, encode(each.message))

    def tell(self, message: ControlMessage | CheckMessage) -> None:
        """Its only unit is this machine, which lives as long as whoever would tell it something."""

    def receive(self, timeout_s: float) -> LocalDelivery | None:
        """The next message of an attempt."""
        try:
            return LocalDelivery(self._arrived.get(timeout=timeout_s))
        except queue.Empty:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, data: bytes) -> None:
        message = decode(data)
        assert isinstance(message, AttemptMessage)
        self._arrived.put(StartedMessage(message.attempt, message.token, self._host.unit))
        self._arrived.put(decode(encode(perform(message, self._host))))
