"""What a device host touches on the broker: its keys, the commands it needs, and the Redis account that grants no more.

Redis has no queues, only keys: what a host may do is which commands it may run on which keys, all of them on all of its keys.
So it may also take from ``results`` what others report; their attempts are then sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from farm.broker.tls import SCHEME, broker_client
from farm.errors import InfrastructureError
from farm.protocol import RESULTS_QUEUE, check_queue_of, control_queue_of, queue_of, unit_queue_of
from farm.settings import redacted

#: Before every key, so that a Redis can be shared.
KEY_PREFIX = "farm:"
#: ``multi`` to ``discard`` are the transactions that take and restore a message; from ``set`` on they are the lock around that,
#: whose script runs ``get`` and ``del`` on the account of its caller.
#: ``client setinfo``, which the client says first, is not among them: a Redis 7.0 that reads of it does not start, and the
#: client takes a refusal.
COMMANDS = (
    "ping",
    "select",
    "brpop",
    "lpush",
    "rpush",
    "llen",
    "zadd",
    "zrem",
    "zrange",
    "hset",
    "hget",
    "hdel",
    "multi",
    "exec",
    "watch",
    "unwatch",
    "discard",
    "set",
    "get",
    "del",
    "evalsha",
    "eval",
    "script|load",
    "sadd",
    "smembers",
)


def unacked_options(queue: str, unit: str) -> dict[str, str]:
    """Transport options that keep what a unit took and has not acknowledged under keys of its own.

    Celery gives back what is unacknowledged for long, by the clock of whoever looks. Under a shared key a host whose clock is
    ahead gives back what another is running.
    """
    return {f"{kind}_key": f"{kind}/{queue}/{unit}" for kind in ("unacked", "unacked_index", "unacked_mutex")}


def key_patterns(device_type: str) -> tuple[str, ...]:
    """Patterns of all keys that hosts of a device type touch."""
    queue = queue_of(device_type)
    own = [
        queue,
        RESULTS_QUEUE,
        *(f"{kind}/{queue}/*" for kind in ("check", "control", "unit", "unacked", "unacked_index", "unacked_mutex")),
        *(f"{kind}.{queue}" for kind in ("_kombu.binding", "_kombu.binding_permanent")),
    ]
    return tuple(KEY_PREFIX + key for key in own)


def account_of(device_type: str) -> str:
    """Name of the broker account of a device type's hosts."""
    return f"farm-{queue_of(device_type)}"


def acl_line(device_type: str, password: str) -> str:
    """The line of a Redis ACL file that makes the account; it holds the password's sha256 alone."""
    rights = [f"~{pattern}" for pattern in key_patterns(device_type)] + [f"+{command}" for command in COMMANDS]
    return " ".join(
        ["user", account_of(device_type), "on", _hashed(password), "resetkeys", "resetchannels", "-@all", *rights]
    )


def coordinator_line(password: str) -> str:
    """The line of the account that may do everything, which is the one of a URL without a name.

    A Redis with an ACL file takes no notice of ``requirepass``: without this line it lets everybody do everything.
    """
    return f"user default on {_hashed(password)} ~* &* +@all"


def _hashed(password: str) -> str:
    return "#" + hashlib.sha256(password.encode()).hexdigest()


def check_access(client: Any, device_type: str, unit: str) -> None:
    """Try what a host will do, on keys of its own and without effect; ``client`` is a ``redis.Redis`` on its own account.

    Raises:
        InfrastructureError: the broker refuses the account, or one command on one key; named. A broker that is away is none:
            it may come.
    """
    from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

    for command in _probes(device_type, unit):
        what = " ".join(command[:2])
        try:
            client.execute_command(*command)
        except NoPermissionError:
            raise InfrastructureError(_too_little(client, device_type, what)) from None
        except AuthenticationError:
            raise InfrastructureError(
                f"the broker refuses the account of this host: FARM_BROKER_URL wants the name {account_of(device_type)} and "
                f"its password, and the broker the line that `farm broker acl --device {device_type}` prints"
            ) from None
        except RedisError:
            return


def _too_little(client: Any, device_type: str, what: str) -> str:
    name = client.get_connection_kwargs().get("username") or ""
    if name.startswith(account_of("")) and name != account_of(device_type):
        return f"-Q {queue_of(device_type)} is not for the account in FARM_BROKER_URL, {name}: each device type has its own"
    return f"the broker account may not {what}: `farm broker acl --device {device_type}` prints what it needs"


def check_coordinator_access(url: str) -> None:
    """Try what a coordinator will do, without effect.

    Raises:
        InfrastructureError: the broker refuses the account, or lets it use no queue but some. A broker that is away is none.
    """
    from redis.exceptions import RedisError

    if not is_redis(url):
        return
    with broker_client(url) as client:
        try:
            for queue in (RESULTS_QUEUE, queue_of("")):
                client.llen(KEY_PREFIX + queue)
        except RedisError as error:
            if why := refusal(error):
                raise InfrastructureError(f"the broker at {redacted(url)} {why}") from None


def is_redis(url: str) -> bool:
    """Whether there are accounts to be tried on a broker."""
    return url.startswith(("redis://", SCHEME))


def refusal(error: BaseException | None) -> str:
    """What follows *the broker* where it refuses the account of a coordinator, whatever library says so; else ``""``.

    Its own words speak of its protocol (``HELLO must be called with the client already authenticated``).
    """
    from redis.exceptions import AuthenticationError, NoPermissionError

    while error is not None:
        if isinstance(error, AuthenticationError):
            return (
                "refuses the account in FARM_BROKER_URL: a coordinator's has no name, and the password that "
                "`farm broker acl --coordinator` was given, or Redis' own requirepass"
            )
        if isinstance(error, NoPermissionError):
            return (
                "does not let the account in FARM_BROKER_URL use all queues: that of `farm broker acl --coordinator` may, "
                "which has no name"
            )
        error = error.__cause__
    return ""


def _probes(device_type: str, unit: str) -> Iterator[tuple[str, ...]]:
    queue = queue_of(device_type)
    keys = {name: KEY_PREFIX + key for name, key in unacked_options(queue, unit).items()}
    yield "LLEN", KEY_PREFIX + queue
    yield "LLEN", KEY_PREFIX + RESULTS_QUEUE
    for own in (check_queue_of, control_queue_of, unit_queue_of):
        yield "LLEN", KEY_PREFIX + own(device_type, unit)
    yield "HGET", keys["unacked_key"], "probe"
    yield "HDEL", keys["unacked_key"], "probe"
    yield "ZREM", keys["unacked_index_key"], "probe"
    yield "ZRANGE", keys["unacked_index_key"], "0", "0"
    yield "GET", keys["unacked_mutex_key"]
    yield "SMEMBERS", f"{KEY_PREFIX}_kombu.binding.{queue}"
