"""What a farm on one machine is made of: a table of services, each with its command line and the word by which it is ready."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from farm.errors import NotFoundError, UsageError, near
from farm.inventory import Inventory
from farm.protocol import queue_of
from farm.settings import Settings
from farm.up.redis import free_port, redis_command

#: Services by kind, in the order in which they start; they end in the other.
KINDS = ("redis", "coordinator", "converter", "hosts", "web")
#: Drivers that need no device but this machine.
HERE = ("numpy", "torch")
#: Of the hosts: a unit is told that it may work after two of them, and nobody wants to wait for that here.
HEARTBEAT_S = "1"
#: Where the pages are if nobody else listens there.
PAGES_PORT = 8000
_FARM = ("-c", "from farm.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Service:
    """One process.

    Args:
        name: before each line of its log.
        command: what is run.
        environment: beside that of this process.
        ready: what its log has once it does its work; empty: it is ready at once.
        first: what comes after it starts only when it is ready.
        ends_by: the signal by which it ends in good order.
        grace_s: what it may take for that.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: str = ""
    first: bool = False
    ends_by: signal.Signals = signal.SIGTERM
    grace_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asked for: kinds of services (all where none is named), and device types.

    Without a device type there is a host for each of the inventory whose driver needs no device but this machine.
    """

    kinds: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise UsageError(f"no service {kind!r}{near(kind, KINDS)}; services are {', '.join(KINDS)}")

    def has(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds


def services(
    wanted: Wanted, inventory: Inventory, settings: Settings, broker_url: str, port: int | None, folder: Path
) -> list[Service]:
    """The services that are wanted, in the order in which they start.

    Args:
        wanted: what was asked for.
        inventory: names the device types.
        settings: of the repository.
        broker_url: of the broker that all of them use.
        port: where to run a Redis of the stack's own; ``None``: the broker runs already.
        folder: for what they write.

    Raises:
        NotFoundError: the inventory has no such device type.
        InfrastructureError: a Redis is wanted, and there is none here.
    """
    environment = {
        "FARM_BROKER_URL": broker_url,
        "FARM_DATABASE_URL": settings.database_url,
        "FARM_STORE_URL": settings.store_url,
        "PYTHONUNBUFFERED": "1",
    }
    found = []
    if port is not None and wanted.has("redis"):
        command = redis_command(port, folder)
        found.append(Service("redis", command, ready="Ready to accept connections", first=True))
    for kind, options in (("coordinator", ("--no-convert",)), ("converter", ())):
        if wanted.has(kind):
            command = (sys.executable, *_FARM, kind, *options)
            found.append(Service(kind, command, environment, ready=f"{kind} is up"))
    if wanted.has("hosts"):
        found += [_host(name, environment, folder) for name in _devices(wanted.devices, inventory)]
    if wanted.has("web") and _has_pages():
        command = (sys.executable, *_FARM, "web", "--port", str(free_port(PAGES_PORT)))
        found.append(Service("web", command, environment, ready="the pages are at"))
    return found


def _devices(named: Sequence[str], inventory: Inventory) -> Iterator[str]:
    for name in named:
        if name not in inventory.devices:
            raise NotFoundError("device type", name, inventory.devices)
        yield name
    if not named:
        yield from (name for name, device in inventory.devices.items() if device.driver in HERE)


def _host(name: str, environment: Mapping[str, str], folder: Path) -> Service:
    worker = ("celery", "-A", "farm", "worker", "-Q", queue_of(name), "--without-mingle", "--without-gossip")
    return Service(
        f"host {name}",
        (sys.executable, "-m", *worker, "-l", "INFO", "-n", f"{name}@%h"),
        {
            **environment,
            "FARM_UNIT": f"{name}-up",
            "FARM_CACHE": str(folder / "cache" / name),
            "FARM_HEARTBEAT_S": HEARTBEAT_S,
        },
        ready=" ready.",
        ends_by=signal.SIGQUIT,  # what it is at goes back to the broker
    )


def _has_pages() -> bool:
    """Whether the libraries that the pages need are here."""
    from farm.web import WEB_LIBRARIES

    return all(find_spec(library) for library in WEB_LIBRARIES)
