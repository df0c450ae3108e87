"""What the two wires that carry attempts to device hosts are: :mod:`farm.wires.celery` where a broker is configured, else
:mod:`farm.wires.local`, this machine's own processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Protocol, Self

from farm.protocol import AttemptMessage, CheckMessage, ControlMessage, Message


class Delivery(Protocol):
    """A message that arrived. It is acknowledged after it was merged, so that a coordinator that dies loses none.

    ``signer`` is the device type whose key it is signed with, ``None`` where messages are not signed.
    """

    message: Message
    signer: str | None

    def acknowledge(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Addressed:
    """An attempt that is to be sent: to one ``unit`` of its type, or to whichever takes it.

    ``lease_s`` is how long its lease lasts, where it has one; a signature is good for as long.
    """

    message: AttemptMessage
    unit: str | None = None
    lease_s: float = 0.0


class Sender(Protocol):
    """What carries attempts to device hosts."""

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        """Put attempts on their way, all of them or none.

        Raises :class:`~farm.errors.InfrastructureError` where it cannot.
        """


class Wire(Sender, Protocol):
    """Brings back what they say too, and tells units what to do.

    ``attended`` says whether its units send heartbeats, so that one that was not heard of is not there.
    """

    attended: ClassVar[bool]

    def tell(self, message: ControlMessage | CheckMessage) -> None:
        """Tell a unit what to do; raises ``InfrastructureError``.

        An order that is lost on the way is given again; a check that is has its lease run out first.
        """

    def receive(self, timeout_s: float) -> Delivery | None:
        """The next message of a host, ``None`` where none came in time; raises ``InfrastructureError``."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
