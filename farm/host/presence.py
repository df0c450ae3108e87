"""What the process over a unit's worker does beside Celery's work: heartbeats, and taking attempts or not, as it was told.

A step of Celery's consumer, on its event loop: it goes on while the process below runs an attempt, whatever native code does
there, and a worker whose loop hangs falls silent. Remote control, Celery's own way to tell a worker something, is off on hosts:
it takes a channel that every host shares.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any

from celery import bootsteps
from celery.worker import state
from celery.worker.request import Request
from kombu import Consumer, Queue
from kombu.exceptions import KombuError

from farm.broker.signing import CLOCK_MARGIN_S, seal, unseal
from farm.host.gate import Gate, Standing
from farm.host.heart import Heart
from farm.protocol import (
    ControlMessage,
    HeartbeatMessage,
    ProtocolError,
    check_queue_of,
    control_queue_of,
    decode,
    encode,
    queue_of,
    unit_queue_of,
)
from farm.settings import HostSettings, from_environment
from workers.codec import one_line

log = logging.getLogger("farm.host.presence")
#: How often it is looked whether the process below has ended. Celery looks when that closes its end of a pipe, a moment before
#: it can be seen to have ended; what it misses so, it sees every five seconds only.
REAP_EVERY_S = 0.5


class AttemptRequest(Request):  # type: ignore[misc]
    """An attempt as the worker's own process sees it."""

    def acknowledge(self) -> None:
        """Look at the gate before the next message may be taken: the attempt may have closed it."""
        if Presence.current is not None:
            Presence.current.follow()
        super().acknowledge()


class Presence(bootsteps.StartStopStep):  # type: ignore[misc]
    """Sends heartbeats, and begins and ceases to take attempts. It starts anew with every connection to the broker."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    #: Of this process.
    current: Presence | None = None
    #: Set before the worker starts.
    device_type = ""

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._host = HostSettings.load()
        self._gate = Gate(self._host.cache, self.device_type, self._host.unit)
        self._key = from_environment("FARM_DEVICE_KEY")
        self._consumer = consumer
        self._timers: list[Any] = []
        self._listener: Any = None
        self._heart: Heart | None = None

    def start(self, consumer: Any) -> None:
        """Listen for what the unit is told, take its checks, attempts or not, and send the first heartbeat."""
        self._consumer = consumer
        Presence.current = self
        name = control_queue_of(self.device_type, self._host.unit)
        # A channel of its own: that of the attempts is not read while one is under way.
        self._listener = Consumer(
            consumer.connection.channel(),
            queues=[Queue(name, exchange="", routing_key=name)],
            callbacks=[self._told],
            accept=["json"],
            no_ack=True,
            on_decode_error=lambda message, error: log.warning("refused a message on %s: %s", name, error),
        )
        self._listener.consume()
        self._heart = Heart(consumer.app.connection_for_write)
        self._take(check_queue_of(self.device_type, self._host.unit))
        self.follow()
        self._beat()
        self._timers = [
            consumer.timer.call_repeatedly(self._host.heartbeat_s, self._beat),
            consumer.timer.call_repeatedly(REAP_EVERY_S, consumer.pool.maintain_pool),
        ]

    def stop(self, consumer: Any) -> None:
        """Fall silent; what comes meanwhile waits on the broker."""
        for timer in self._timers:
            consumer.timer.cancel(timer)
        self._timers.clear()
        if self._listener is not None:
            with contextlib.suppress(KombuError, OSError, *consumer.connection_errors):
                self._listener.channel.close()
            self._listener = None
        if self._heart is not None:
            self._heart.stop()
            self._heart = None

    shutdown = stop

    def follow(self) -> None:
        """Take attempts, those of the device type and those sent to this unit alone, or none, as the gate says."""
        consumer, standing = self._consumer, self._gate.read()
        shared, own = queue_of(self.device_type), unit_queue_of(self.device_type, self._host.unit)
        taking = shared in consumer.app.amqp.queues.consume_from
        if standing.accept:
            if not taking:
                log.warning("takes attempts again")
                consumer.add_task_queue(shared)
            self._take(own)
        else:
            if taking:
                log.warning("takes no attempts: %s", standing.reason)
                consumer.cancel_task_queue(shared)
            consumer.task_consumer.cancel_by_queue(own)

    def _take(self, name: str) -> None:
        """Take what comes on a queue of the unit's own. It is bound to no exchange: nothing of it outlives it on the broker."""
        tasks = self._consumer.task_consumer
        if not tasks.consuming_from(name):
            tasks.add_queue(Queue(name, exchange="", routing_key=name))
            tasks.consume()

    def _told(self, body: object, _message: object) -> None:
        """What the coordinator says; anything else is refused and goes no further."""
        try:
            message = self._opened(body)
        except ProtocolError as error:
            log.warning("refused a message of control: %s", one_line(error))
            return
        try:
            self._gate.write(Standing(message.accept, message.reason, message.at_once, attended=True))
        except OSError as error:
            log.warning("cannot keep what it was told: %s; it will be told again", error)
            return
        self.follow()
        self._beat()

    def _opened(self, body: object) -> ControlMessage:
        if not isinstance(body, str):
            raise ProtocolError("the body is not a text")
        key = self._key
        message = decode(unseal(body, lambda _: key, time.time()).body if key else body)
        if not isinstance(message, ControlMessage):
            raise ProtocolError("this queue carries messages of control only")
        if (message.device_type, message.unit) != (self.device_type, self._host.unit):
            raise ProtocolError(f"it is for unit {message.unit!r} of device type {message.device_type!r}")
        return message

    def _beat(self) -> None:
        body = encode(self._heartbeat())
        if self._key:
            body = seal(body, self._key, self.device_type, int(time.time() + CLOCK_MARGIN_S))
        if self._heart is not None:
            self._heart.beat(body)

    def _heartbeat(self) -> HeartbeatMessage:
        standing, host = self._gate.read(), self._host
        return HeartbeatMessage(
            device_type=self.device_type,
            unit=host.unit,
            host=host.name,
            every_s=host.heartbeat_s,
            attended=standing.attended,
            accepting=standing.accept,
            at_once=standing.at_once,
            attempt=next((each.id for each in state.active_requests if isinstance(each, AttemptRequest)), None),
            free_disk_bytes=host.free_disk_bytes(),
        )
