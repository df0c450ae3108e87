"""The two wires that carry attempts to device hosts: Celery where a broker is configured, else this machine's own processes."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from farm.protocol import AttemptMessage, Message
from farm.settings import HostSettings, from_environment


class Delivery(Protocol):
    """A message that arrived. It is acknowledged after it was merged, so that a coordinator that dies loses none.

    ``signer`` is the device type whose key it is signed with, ``None`` where messages are not signed.
    """

    message: Message
    signer: str | None

    def acknowledge(self) -> None: ...


class Wire(Protocol):
    """What carries attempts to device hosts and brings back what they say."""

    def send(self, message: AttemptMessage) -> None:
        """Put an attempt on its way; raises :class:`~farm.errors.InfrastructureError` where it cannot."""

    def receive(self, timeout_s: float) -> Delivery | None:
        """The next message of a host, ``None`` where none came in time; raises ``InfrastructureError``."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_wire(broker_url: str | None, host: HostSettings, parallel: int) -> Wire:
    """The Celery wire on ``broker_url``, or the local wire running ``parallel`` attempts at a time as ``host``."""
    if broker_url:
        from farm.wires.celery import CeleryWire

        return CeleryWire(broker_url, from_environment("FARM_SIGNING_KEY"))
    from farm.wires.local import LocalWire

    return LocalWire(host, parallel)
