"""The Celery application: ``celery -A farm worker -Q device_<type>`` on a device host.

This module is all that a host imports of the farm: no torch, no SQL. The broker is a wire, never a record: a message that is
lost is sent again when its lease runs out, and no result is kept in Celery.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from celery import Celery
from celery.signals import celeryd_init, heartbeat_sent, worker_init
from kombu import Queue

from farm.broker import transport
from farm.broker.access import KEY_PREFIX, check_access, is_redis, unacked_options
from farm.broker.envelope import enveloped
from farm.broker.postbox import BROKEN, Postbox
from farm.broker.signing import CLOCK_MARGIN_S, LATE_S, device_key, seal, unseal
from farm.broker.tls import broker_client, check_tls, tls_options
from farm.broker.url import check_broker_url
from farm.errors import FarmError, UsageError
from farm.failpoints import failpoint
from farm.host.claim import claim
from farm.host.gate import Gate
from farm.host.options import device_type_of
from farm.host.refusal import attempt_refused
from farm.host.slots import slot
from farm.logs.host import log_as_json
from farm.protocol import (
    RESULTS_QUEUE,
    AttemptMessage,
    CheckMessage,
    ControlMessage,
    Message,
    ProtocolError,
    StartedMessage,
    check_queue_of,
    control_queue_of,
    decode,
    encode,
    queue_of,
    unit_queue_of,
)
from farm.settings import HostSettings, from_environment
from workers.outcome import Group
from workers.processes.environment import hide_environment

ATTEMPT_TASK = "farm.attempt"
CHECK_TASK = "farm.check"
_Asked = TypeVar("_Asked", AttemptMessage, CheckMessage)
#: In the cache folder of a host; touched every few seconds while its worker lives.
ALIVE_FILE = ".alive"
#: Above every attempt's own limit, which the host enforces on its child process: a backstop for the host's own code.
HARD_LIMIT_S = 86_400 + 300
#: Then the process that hands attempts on is replaced: what a library of the host's own code leaks is bounded. Nothing of one
#: attempt reaches another through it, since each has a process of its own below it; to replace it takes a tenth of a second.
ATTEMPTS_PER_PROCESS = 1000

#: Of what a host says nothing is dropped while a broker starts again: it is tried for some minutes.
TRIED_AGAIN_AFTER_S = tuple(min(0.5 + n, 10.0) for n in range(20))

#: A connection whose other end has gone silent is noticed within seconds only with these set: measured, a host is at work again
#: after about 20 s with these, after more than 30 s with twice as much.
TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": HARD_LIMIT_S + 120,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 2,
    # An acknowledgement that met a silent connection is tried again on a new one. Without, its message stays the one that the
    # host may hold, and it never takes another.
    "retry_on_timeout": True,
    # What was taken and not acknowledged is looked through every few seconds; by default it takes 100.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # The order of jobs is SQL's: without priorities a queue is one key.
    "priority_steps": [0],
    "global_keyprefix": KEY_PREFIX,
}


def make_app(broker_url: str | None, tls: dict[str, Any] | None = None) -> Celery:
    """The application on a broker, reached through TLS where there is ``tls`` (:mod:`farm.broker.tls`).

    Device hosts and the coordinator use the same settings.
    """
    made = Celery("farm", broker=broker_url or "redis://localhost:6379/0", backend=None)
    made.conf.update(
        broker_transport_options=TRANSPORT_OPTIONS,
        broker_use_ssl=tls,
        broker_connection_retry_on_startup=True,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        # A task that kills its worker must not be handed out again without being counted: the database counts.
        task_reject_on_worker_lost=False,
        task_acks_on_failure_or_timeout=True,
        task_time_limit=HARD_LIMIT_S,
        worker_pool="prefork",
        worker_concurrency=1,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=ATTEMPTS_PER_PROCESS,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
    )
    return made


def broker_by_now() -> str | None:
    """The URL of the broker, as far as it can be had: of a file that cannot be read, the worker says so when it starts."""
    try:
        return from_environment("FARM_BROKER_URL")
    except UsageError:
        return None


app = make_app(broker_by_now())
app.steps["consumer"].add("farm.host.presence:Presence")


def reach_broker(conf: Any) -> None:
    """Let a worker speak TLS where its settings say so; one with a URL or settings that cannot be raises :class:`FarmError`."""
    if (url := from_environment("FARM_BROKER_URL")) is not None:
        conf.broker_use_ssl = tls_options(url)
        check_broker_url(url, conf.broker_use_ssl)


@celeryd_init.connect  # type: ignore[untyped-decorator]
def _become_host(options: dict[str, Any], conf: Any, **_: object) -> None:
    """Refuse a worker that could not keep its promises, and give it keys of its own on the broker; before it connects."""
    hide_environment()
    try:
        reach_broker(conf)
        device_type = device_type_of(options)
        host = HostSettings.load()
        unit = host.unit
        log_as_json(unit)
        claim(host.cache, device_type, unit)
        conf.broker_transport_options = {**TRANSPORT_OPTIONS, **unacked_options(queue_of(device_type), unit)}
        conf.broker_transport = transport.NAME
        from farm.host.presence import Presence

        Presence.device_type = device_type
        _check_account(device_type, unit)
    except FarmError as error:
        end(error)


def keep_no_promises_of_hosts() -> None:
    """For a worker of another kind: what a device host does at its start, and to show that it lives, is not for it."""
    celeryd_init.disconnect(_become_host)
    worker_init.disconnect(_check_host)
    worker_init.disconnect(_tidy_up)
    heartbeat_sent.disconnect(_show_life)


def _check_account(device_type: str, unit: str) -> None:
    url = from_environment("FARM_BROKER_URL")
    if url is None or not is_redis(url):
        return
    check_tls(url)
    with broker_client(url) as client:
        check_access(client, device_type, unit)


@worker_init.connect  # type: ignore[untyped-decorator]
def _check_host(sender: Any, **_: object) -> None:
    """Refuse to start a host that could not do its work, in one line; and let it look for no other workers.

    Hosts have nothing to tell each other, and the account of a host may not use the queues that they would do it over.
    """
    sender.options.update(without_mingle=True, without_gossip=True)
    try:
        HostSettings.load()
        from_environment("FARM_DEVICE_KEY")
        if from_environment("FARM_BROKER_URL") is None:
            raise UsageError("FARM_BROKER_URL is not set: a device host takes its work from the broker")
    except UsageError as error:
        end(error)


@worker_init.connect  # type: ignore[untyped-decorator]
def _tidy_up(**_: object) -> None:
    """Remove what a host that was killed left on this machine."""
    from workers.processes.supervise import ATTEMPTS

    ATTEMPTS.remove_leftovers()


def end(error: FarmError) -> NoReturn:
    """End the worker as a command ends: one line, and the exit code of the error."""
    print(f"farm: {error}", file=sys.stderr)
    raise SystemExit(int(error.exit_code))


@heartbeat_sent.connect  # type: ignore[untyped-decorator]
def _show_life(**_: object) -> None:
    """Touch the file that a health check looks at: remote control, the usual way to ask, is off on hosts."""
    alive = HostSettings.load().cache / ALIVE_FILE
    alive.parent.mkdir(parents=True, exist_ok=True)
    alive.touch()


@app.task(name=ATTEMPT_TASK, Request="farm.host.presence:AttemptRequest")  # type: ignore[untyped-decorator]
def attempt(payload: str) -> None:
    """Run one attempt and report it over the ``results`` queue."""
    from farm.host.attempt import perform

    message, tell = _opened(payload, AttemptMessage)
    host = HostSettings.load()
    gate = Gate(host.cache, message.device_type, host.unit)
    with slot(host.cache, lambda: gate.read().at_once):
        tell(StartedMessage(message.attempt, message.token, host.unit))
        failpoint("host.began")
        told = perform(message, host)
        failpoint("host.performed")
        try:
            tell(told)
            failpoint("host.reported")
        finally:
            # Until it was checked. Without anybody who would, it goes on.
            if told.report.outcome.group is Group.INFRA and gate.read().attended:
                gate.close(f"{told.report.outcome}: {told.report.message}")


@app.task(name=CHECK_TASK)  # type: ignore[untyped-decorator]
def check(payload: str) -> None:
    """Look whether the unit is sound, in its turn on the host, and report it over the ``results`` queue."""
    from farm.host.check import perform_check

    message, tell = _opened(payload, CheckMessage)
    host = HostSettings.load()
    if message.unit != host.unit:
        raise ValueError(f"refused a message: it is for unit {message.unit!r}")
    gate = Gate(host.cache, message.device_type, host.unit)
    with slot(host.cache, lambda: gate.read().at_once):
        tell(perform_check(message, host))


def _opened(payload: str, kind: type[_Asked]) -> tuple[_Asked, Callable[[Message], None]]:
    """A message of ``kind``, and what answers it.

    Raises:
        ValueError: it is of another kind, not signed where it should be, or for another device type.
    """
    key, opened = from_environment("FARM_DEVICE_KEY"), None
    try:
        if key:
            opened = unseal(payload, lambda _: key, time.time())
        message = decode(opened.body if opened else payload)
    except ProtocolError as error:
        _tell_refused(payload, error, key)
        raise ValueError(f"refused a message: {error}") from None
    if not isinstance(message, kind):
        raise ValueError(f"refused a message: {type(message).__name__} where {kind.__name__} belongs")
    if opened and opened.device_type != message.device_type:
        raise ValueError(f"refused a message: it is for device type {message.device_type!r}")

    def tell(told: Message) -> None:
        _tell(told, key, message.device_type, opened.expires + LATE_S if opened else 0)

    return message, tell


def _tell_refused(payload: str, error: ProtocolError, key: str | None) -> None:
    """Tell the coordinator, as far as it can be read which attempt the message was of."""
    from farm.host.presence import Presence

    told = attempt_refused(payload, error, HostSettings.load().unit)
    if told is not None:
        _tell(told, key, Presence.device_type, int(time.time() + LATE_S))


def _tell(told: Message, key: str | None, device_type: str, expires: int) -> None:
    """Say something to the coordinator, signed where there is a key, good until ``expires`` (s since 1970)."""
    body = encode(told)
    _publish(seal(body, key, device_type, expires) if key else body)


def _publish(body: bytes) -> None:
    """Push a message on the ``results`` queue; a broker that is away, or full, is waited for."""
    letter = [(RESULTS_QUEUE, enveloped(body.decode(), RESULTS_QUEUE))]
    for wait_s in TRIED_AGAIN_AFTER_S:
        try:
            return _postbox().push(letter)
        except BROKEN:
            time.sleep(wait_s)
    _postbox().push(letter)


@functools.cache
def _postbox() -> Postbox:
    """Of this process: the one over it sends nothing through it."""
    return Postbox(app.connection_for_write)


def attempt_letter(
    on: Celery, message: AttemptMessage, lease_s: float, master: str | None = None, unit: str | None = None
) -> tuple[str, bytes]:
    """An attempt as a task of Celery, and the queue for it: that of one unit, or of its device type.

    It is signed where there is a master secret, for as long as its lease, and what clocks may differ.
    """
    body = _sealed(message, master, lease_s + CLOCK_MARGIN_S)
    # The id of the attempt is that of the task too, so that a host can tell which one it is at without opening the message.
    task = on.amqp.create_task_message(
        message.attempt, ATTEMPT_TASK, [body], {}, argsrepr="", kwargsrepr="", ignore_result=True
    )
    queue = unit_queue_of(message.device_type, unit) if unit else queue_of(message.device_type)
    return queue, enveloped(task.body, queue, task.headers, task.properties)


def send_check(on: Celery, message: CheckMessage, master: str | None = None) -> None:
    """Publish a check to the unit's own queue, signed where there is a master secret."""
    queue = _named(check_queue_of(message.device_type, message.unit), own=True)
    # It has its turn after what the unit is at, however long that may take.
    body = _sealed(message, master, HARD_LIMIT_S + CLOCK_MARGIN_S)
    on.send_task(CHECK_TASK, args=[body], task_id=message.check, queue=queue)


def send_control(on: Celery, message: ControlMessage, master: str | None = None) -> None:
    """Publish what a unit is to do, signed where there is a master secret."""
    body = _sealed(message, master, CLOCK_MARGIN_S)
    queue = control_queue_of(message.device_type, message.unit)
    with on.producer_or_acquire() as producer:
        producer.publish(body, exchange="", routing_key=queue, serializer="json", retry=False)


def _sealed(message: AttemptMessage | CheckMessage | ControlMessage, master: str | None, for_s: float) -> str:
    body = encode(message)
    if master:
        key = device_key(master, message.device_type)
        body = seal(body, key, message.device_type, int(time.time() + for_s))
    return body.decode()


def _named(queue: str, *, own: bool) -> str | Queue:
    """A queue as Celery takes it: one unit's own is bound to no exchange, so that nothing of it outlives it on the broker."""
    return Queue(queue, exchange="", routing_key=queue) if own else queue
