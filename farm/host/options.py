"""How a device host's worker may be started: prefork, one process, one device type; anything else is refused with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from farm.errors import UsageError
from farm.protocol import queue_of

_PREFIX = queue_of("")


def device_type_of(options: Mapping[str, Any]) -> str:
    """The device type that a worker serves, from the options that Celery gives it.

    Raises:
        UsageError: with this pool, concurrency or choice of queues an attempt could not be limited, or would be run twice.
    """
    pool = _pool(options.get("pool_cls") or options.get("pool"))
    if pool != "prefork":
        raise UsageError(f"-P {pool}: a device host runs prefork: other pools ignore time limits, and die with a crash")
    if options.get("autoscale"):
        raise UsageError("--autoscale: a device host runs one attempt at a time; start one host for each unit")
    concurrency = options.get("concurrency")
    if concurrency not in (None, 0, 1):
        raise UsageError(f"-c {concurrency}: a device host runs one attempt at a time; start one host for each unit")
    queues = _queues(options.get("queues"))
    if len(queues) != 1 or not queues[0].startswith(_PREFIX) or queues[0] == _PREFIX:
        given = f"-Q {','.join(queues)}" if queues else "no -Q"
        raise UsageError(f"{given}: a device host serves one device type: -Q {_PREFIX}<type>")
    return queues[0].removeprefix(_PREFIX)


def _pool(chosen: object) -> str:
    """Name of a pool: Celery hands on its class, or what the settings name."""
    if chosen is None:
        return "prefork"
    return chosen if isinstance(chosen, str) else str(getattr(chosen, "__module__", chosen)).rpartition(".")[2]


def _queues(chosen: str | Sequence[str] | None) -> list[str]:
    names = chosen.split(",") if isinstance(chosen, str) else list(chosen or ())
    return [name.strip() for name in names if name.strip()]
