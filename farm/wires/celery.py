"""The Celery wire: attempts to ``device_<type>`` queues, messages of the hosts from ``results``."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from kombu import Connection
from kombu.exceptions import KombuError, OperationalError

from farm.broker.access import refusal
from farm.broker.envelope import opened
from farm.broker.postbox import Postbox, client_of
from farm.broker.results import Results
from farm.broker.signing import CLOCK_MARGIN_S, SignatureError, ahead_s, body_of, device_key, unseal
from farm.broker.tls import check_tls, tls_options
from farm.broker.url import check_broker_url
from farm.celery import TRANSPORT_OPTIONS, attempt_letter, make_app, send_check, send_control
from farm.errors import BrokerError, BrokerFullError
from farm.host.refusal import report_refused
from farm.protocol import (
    RESULTS_QUEUE,
    CheckMessage,
    ControlMessage,
    HeartbeatMessage,
    Message,
    ProtocolError,
    decode,
)
from farm.settings import redacted
from farm.wires import Addressed
from farm.wires.refused import Refused, as_it_says
from workers.codec import one_line

log = logging.getLogger("farm.wire")
PREFETCH = 64
#: What was taken and not acknowledged for so long is given to another coordinator, or the next: a merge takes milliseconds, and
#: a coordinator that was killed holds up to :data:`PREFETCH` messages.
UNMERGED_S = 120
RESULT_OPTIONS = {**TRANSPORT_OPTIONS, "visibility_timeout": UNMERGED_S}


@dataclass(slots=True)
class CeleryDelivery:
    """A message of a host, kept on the broker under ``tag`` until it was merged."""

    message: Message
    signer: str | None
    tag: str
    settle: Callable[[str], None]

    def acknowledge(self) -> None:
        """Have it taken off the broker with the next look at what there is.

        Of a coordinator that is killed before that it comes to the next one, and merging it twice does no harm.
        """
        self.settle(self.tag)


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
        self._postbox = Postbox(self._app.connection_for_write)
        self._connection: Connection | None = None
        self._results: Results | None = None
        #: What the libraries raise where the broker is away, or breaks off, or refuses.
        self._broken = _broken(broker_url, self._tls)
        self._arrived: deque[CeleryDelivery] = deque()
        #: Tags of what was taken and not merged yet, and of what is merged and not taken off the broker yet. They outlive the
        #: connection: what lies under them does, if the broker forgets nothing.
        self._kept: dict[str, None] = {}
        self._settled: list[str] = []
        #: What was refused, and taken off the queue.
        self.refused = Refused(RESULTS_QUEUE)

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        try:
            self._postbox.push(
                [attempt_letter(self._app, to.message, to.lease_s, self._master, to.unit) for to in attempts]
            )
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
        if not self._arrived and timeout_s > 0:
            try:
                self._take(timeout_s)
            except self._broken as error:
                self._disconnect()
                raise self._unusable(error) from error
        return self._arrived.popleft() if self._arrived else None

    @property
    def connected(self) -> bool:
        """Whether the broker was reached, and did not break off since."""
        return self._results is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        self._app.close()
        self.refused.sum_up()

    def _take(self, timeout_s: float) -> None:
        """Take what there is, after what is merged was taken off; no more than can be lost cheaply."""
        if not (room := PREFETCH - len(self._kept)):
            time.sleep(timeout_s)
            return
        taken = self._connected().take(room, timeout_s, self._settled)
        self._settled.clear()
        for each in taken:
            self._kept[each.tag] = None
            try:
                self._open(opened(each.raw), each.tag)
            except ProtocolError as error:
                self.refused.add(one_line(error))
                self._settle(each.tag)

    def _connected(self) -> Results:
        if self._results is None:
            connection = Connection(self._url, transport_options=RESULT_OPTIONS, connect_timeout=5, ssl=self._tls)
            self._connection = connection
            connection.ensure_connection(max_retries=1, timeout=5)
            self._results = Results(client_of(connection), RESULTS_QUEUE, RESULT_OPTIONS["visibility_timeout"])
        return self._results

    def _open(self, body: str, tag: str) -> None:
        if (master := self._master) is None:
            # Signed or not, it is believed alike.
            self._read(body_of(body), None, tag)
        else:
            try:
                signed = unseal(body, lambda device_type: device_key(master, device_type), time.time())
            except SignatureError as error:
                raise SignatureError(f"{as_it_says(body)}: {error}") from None
            self._read(signed.body, signed.device_type, tag, signed.expires)

    def _read(self, body: str, signer: str | None, tag: str, expires: int | None = None) -> None:
        try:
            message: Message = decode(body)
        except ProtocolError as error:
            if (refusal := report_refused(body, error)) is None:
                raise
            self.refused.add(one_line(error))
            message = refusal
        if expires is not None and isinstance(message, HeartbeatMessage):
            _check_clock(message, ahead_s(expires, time.time()))
        self._arrived.append(CeleryDelivery(message, signer, tag, self._settle))

    def _settle(self, tag: str) -> None:
        del self._kept[tag]
        self._settled.append(tag)

    def _leave(self) -> None:
        """Let go of what is merged, and give back what is not."""
        try:
            if self._kept or self._settled:
                results = self._connected()
                results.let_go(self._settled)
                results.give_back(list(self._kept))
        except self._broken as error:
            log.warning("messages that are merged could not be taken off the broker, and will come again: %s", error)
        self._disconnect()
        self._postbox.close()

    def _disconnect(self) -> None:
        connection, self._connection, self._results = self._connection, None, None
        if connection is not None:
            connection.release()

    def _unusable(self, error: Exception) -> BrokerError:
        if "maxmemory" in str(error):
            return BrokerFullError(
                f"the broker at {redacted(self._url)} is full: raise its maxmemory, or see why nobody takes what is in it"
            )
        return BrokerError(f"the broker at {redacted(self._url)} {refusal(error) or f'cannot be used: {error}'}")


def _check_clock(beat: HeartbeatMessage, ahead: float) -> None:
    """Do not count a unit as there that would refuse what it is sent, as expired. One that is late refuses nothing, and its own
    heartbeats expire here.
    """
    if ahead > CLOCK_MARGIN_S:
        raise SignatureError(
            f"a heartbeat of unit {beat.unit} of {beat.device_type}: the clock of its host {beat.host} is {ahead:.0f} s ahead "
            "of the one of this machine: set it, and the unit is there"
        )


def _broken(url: str, tls: dict[str, Any] | None) -> tuple[type[Exception], ...]:
    with Connection(url, ssl=tls) as connection:
        known = (*connection.connection_errors, *connection.channel_errors)
    # A KeyError of kombu's own means that a connection is gone; anywhere else it is a mistake.
    return (OperationalError, KombuError, OSError, *(error for error in known if error is not KeyError))
