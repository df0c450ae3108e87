"""The Celery wire: attempts to ``device_<type>`` queues, messages of the hosts from ``results``."""

from __future__ import annotations

import logging
import queue
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from kombu import Connection, Consumer, Queue
from kombu.exceptions import KombuError, OperationalError

from farm.broker.access import refusal
from farm.broker.signing import body_of, device_key, unseal
from farm.broker.tls import check_tls, tls_options
from farm.broker.url import check_broker_url
from farm.celery import TRANSPORT_OPTIONS, make_app, send_attempt, send_check, send_control
from farm.errors import BrokerError, BrokerFullError
from farm.host.refusal import report_refused
from farm.protocol import RESULTS_QUEUE, AttemptMessage, CheckMessage, ControlMessage, Message, ProtocolError, decode
from farm.settings import redacted
from farm.wires.refused import Refused
from workers.codec import one_line

log = logging.getLogger("farm.wire")
PREFETCH = 16
#: What was taken and not acknowledged for so long is given to another coordinator, or the next: a merge takes milliseconds, and
#: a coordinator that was killed holds up to :data:`PREFETCH` messages.
UNMERGED_S = 120
RESULT_OPTIONS = {**TRANSPORT_OPTIONS, "visibility_timeout": UNMERGED_S}


@dataclass(slots=True)
class CeleryDelivery:
    """A message of a host, unacknowledged until it was merged."""

    message: Message
    envelope: Any
    signer: str | None = None
    broken: tuple[type[Exception], ...] = ()

    def acknowledge(self) -> None:
        """Take it off the broker; where the connection broke meanwhile it comes again, and merging it twice does no harm."""
        try:
            self.envelope.ack()
        except self.broken as error:
            log.warning("a message that is merged could not be taken off the broker, and will come again: %s", error)


class CeleryWire:
    """Sends through Celery, receives through a consumer that acknowledges after the merge; signed with a ``signing_key``.

    Raises:
        UsageError: ``broker_url`` is no broker's, or what is set for TLS cannot be used.
        InfrastructureError: the broker is there, but one end's certificate is not good for the other.
    """

    attended: ClassVar[bool] = True

    def __init__(self, broker_url: str, signing_key: str | None = None) -> None:
        self._master = signing_key
        self._tls = tls_options(broker_url)
        check_broker_url(broker_url, self._tls)
        self._url = broker_url
        check_tls(broker_url)
        self._app = make_app(broker_url, self._tls)
        self._connection: Connection | None = None
        #: What the libraries raise where the broker is away, or breaks off, or refuses.
        self._broken = _broken(broker_url, self._tls)
        self._arrived: queue.SimpleQueue[CeleryDelivery] = queue.SimpleQueue()
        #: What was refused, and taken off the queue.
        self.refused = Refused(RESULTS_QUEUE)

    def send(self, message: AttemptMessage, unit: str | None = None) -> None:
        try:
            send_attempt(self._app, message, self._master, unit)
        except self._broken as error:
            raise self._unusable(error) from error

    def tell(self, message: ControlMessage | CheckMessage) -> None:
        try:
            if isinstance(message, ControlMessage):
                send_control(self._app, message, self._master)
            else:
                send_check(self._app, message, self._master)
        except self._broken as error:
            raise self._unusable(error) from error

    def receive(self, timeout_s: float) -> CeleryDelivery | None:
        if self._arrived.empty():
            try:
                self._connected().drain_events(timeout=timeout_s)
            except TimeoutError:
                return None
            except (ValueError, TypeError, KeyError) as error:
                # The transport choked on something that no library has put there; it is off the queue already.
                self.refused.add(f"not even an envelope: {type(error).__name__}")
                self._disconnect()
                return None
            except self._broken as error:
                self._disconnect()
                raise self._unusable(error) from error
        return None if self._arrived.empty() else self._arrived.get()

    @property
    def connected(self) -> bool:
        """Whether the broker was reached, and did not break off since."""
        return self._connection is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._disconnect()
        self._app.close()
        self.refused.sum_up()

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = Connection(self._url, transport_options=RESULT_OPTIONS, connect_timeout=5, ssl=self._tls)
            connection.ensure_connection(max_retries=1, timeout=5)
            consumer = Consumer(
                connection.channel(),
                queues=[Queue(RESULTS_QUEUE, exchange="", routing_key=RESULTS_QUEUE)],
                callbacks=[self._take],
                accept=["json"],
                on_decode_error=self._refuse,
            )
            consumer.qos(prefetch_count=PREFETCH)
            consumer.consume()
            self._connection = connection
        return self._connection

    def _take(self, body: Any, envelope: Any) -> None:
        try:
            if not isinstance(body, str):
                raise ProtocolError("the body is not a text")
            if (master := self._master) is None:
                # Signed or not, it is believed alike.
                self._read(body_of(body), None, envelope)
            else:
                opened = unseal(body, lambda device_type: device_key(master, device_type), time.time())
                self._read(opened.body, opened.device_type, envelope)
        except ProtocolError as error:
            self._refuse(envelope, error)

    def _read(self, body: str, signer: str | None, envelope: Any) -> None:
        try:
            message: Message = decode(body)
        except ProtocolError as error:
            if (refusal := report_refused(body, error)) is None:
                raise
            self.refused.add(one_line(error))
            message = refusal
        self._arrived.put(CeleryDelivery(message, envelope, signer, self._broken))

    def _refuse(self, envelope: Any, error: Exception) -> None:
        self.refused.add(one_line(error))
        envelope.ack()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        # Messages that were taken but not acknowledged belong to the connection: they come again on the next one.
        self._arrived = queue.SimpleQueue()
        if connection is not None:
            connection.release()

    def _unusable(self, error: Exception) -> BrokerError:
        if "maxmemory" in str(error):
            return BrokerFullError(
                f"the broker at {redacted(self._url)} is full: raise its maxmemory, or see why nobody takes what is in it"
            )
        return BrokerError(f"the broker at {redacted(self._url)} {refusal(error) or f'cannot be used: {error}'}")


def _broken(url: str, tls: dict[str, Any] | None) -> tuple[type[Exception], ...]:
    with Connection(url, ssl=tls) as connection:
        known = (*connection.connection_errors, *connection.channel_errors)
    # A KeyError of kombu's own means that a connection is gone; anywhere else it is a mistake.
    return (OperationalError, KombuError, OSError, *(error for error in known if error is not KeyError))
