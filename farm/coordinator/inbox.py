"""What was taken from the wire and is not merged yet.

Of an attempt that ends at once one message says all: the one that says that it began waits a moment for the one that says how
it ended, and is merged with that. Whatever else has come meanwhile does not wait for it.
"""

from __future__ import annotations

from collections import deque

from farm.clock import Clock
from farm.errors import InfrastructureError
from farm.protocol import OfAttempt, StartedMessage
from farm.wires import Delivery, Wire

IN_ONE_TRANSACTION = 64
#: What begins an attempt only waits so long for what ends it.
BEGUN_S = 0.05
#: So long a message that is on the broker already takes to come.
THERE_S = 0.001


class Inbox:
    """Takes messages from a wire, as many as there are, and gives out those whose time has come.

    While the database is away, they are neither acknowledged nor forgotten.
    """

    def __init__(self, wire: Wire, clock: Clock) -> None:
        self._wire, self._clock = wire, clock
        self._ripe: list[Delivery] = []
        #: Beginnings of attempts, and when each has waited long enough; the first one first.
        self._begun: deque[tuple[float, Delivery]] = deque()

    def take(self, wait_s: float) -> list[Delivery]:
        """What is to be merged now; where there is nothing, it is waited for as long.

        It stays until it is :meth:`settle`-d. Raises ``InfrastructureError`` where the broker is away and there is nothing.
        """
        until = self._clock.monotonic() + wait_s
        while not self._ripe:
            late = self._begun[0][0] if self._begun else until
            if came := self._receive(late - self._clock.monotonic()):
                self._sort(came, self._clock.monotonic())
            elif self._begun:
                self._sort([], late)
            else:
                break
        return self._ripe

    def settle(self) -> int:
        """What was taken is merged; how many they were."""
        for delivery in self._ripe:
            delivery.acknowledge()
        merged = len(self._ripe)
        self._ripe = []
        return merged

    def _receive(self, wait_s: float) -> list[Delivery]:
        """All that is there, or what comes first in so many seconds."""
        came: list[Delivery] = []
        wait_s = max(THERE_S, wait_s)
        while len(came) + len(self._begun) < IN_ONE_TRANSACTION:
            try:
                delivery = self._wire.receive(wait_s)
            except InfrastructureError:
                if not came and not self._begun:
                    raise
                break  # it will be raised again, when this is merged
            if delivery is None:
                break
            came.append(delivery)
            wait_s = 0.0
        return came

    def _sort(self, came: list[Delivery], now: float) -> None:
        ended = {
            delivery.message.attempt
            for delivery in came
            if isinstance(delivery.message, OfAttempt) and not isinstance(delivery.message, StartedMessage)
        }
        waiting, self._begun = [*self._begun, *((now + BEGUN_S, delivery) for delivery in came)], deque()
        for late, delivery in waiting:
            message = delivery.message
            if isinstance(message, StartedMessage) and message.attempt not in ended and late > now:
                self._begun.append((late, delivery))
            else:
                self._ripe.append(delivery)
