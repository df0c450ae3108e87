"""A wire that is a list: what the coordinator says on it, and what a test has its hosts say."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar, Self

from farm.errors import BrokerError, BrokerFullError
from farm.protocol import AttemptMessage, CheckMessage, ControlMessage, Message, StartedMessage
from farm.wires import Addressed
from tests.farm.rows import report


@dataclass
class Delivered:
    message: Message
    acknowledged: bool = False
    signer: str | None = None

    def acknowledge(self) -> None:
        self.acknowledged = True


@dataclass
class Wire:
    """A wire whose hosts answer at once, with whatever ``answer`` makes of an attempt."""

    sent: list[AttemptMessage] = field(default_factory=list)
    arriving: deque[Message] = field(default_factory=deque)
    delivered: list[Delivered] = field(default_factory=list)
    told: list[ControlMessage | CheckMessage] = field(default_factory=list)
    away: int = 0
    #: Nothing can be put on it.
    full: bool = False
    attended: ClassVar[bool] = False

    def tell(self, message: ControlMessage | CheckMessage) -> None:
        self._look()
        self.told.append(message)

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        self._look()
        self.sent += (each.message for each in attempts)

    def receive(self, timeout_s: float) -> Delivered | None:
        if self.away:
            self.away -= 1
            raise BrokerError("the broker is away")
        if not self.arriving:
            return None
        self.delivered.append(Delivered(self.arriving.popleft()))
        return self.delivered[-1]

    def _look(self) -> None:
        if self.full:
            raise BrokerFullError("the broker is full")

    def answer(self) -> None:
        """Every attempt that was sent passes."""
        for message in self.sent:
            self.arriving += (StartedMessage(message.attempt, message.token, "unit-1"), report(message))
        self.sent.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Attended(Wire):
    """A wire whose units send heartbeats."""

    attended: ClassVar[bool] = True
