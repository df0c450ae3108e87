"""Running the application until a signal ends it."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable

import uvicorn

from farm.errors import InfrastructureError
from farm.settings import Settings
from farm.web.app import create_app
from farm.web.opened import Opened

#: Seconds that requests under way have, once it is told to stop.
GRACE_S = 10
#: Connections that may wait to be taken.
WAITING = 256


def serve(settings: Settings, host: str, port: int, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Answer requests at ``host`` and ``port`` until ``stop`` is set.

    Raises:
        InfrastructureError: the database or the inventory cannot be read, or the address cannot be listened at.
    """
    opened = Opened(settings)
    try:
        _ = opened.inventory, opened.database  # what is wrong now is said now, not to the first reader
    finally:
        opened.close()
    listening = _listen(host, port)
    address = f"[{host}]" if ":" in host else host
    say(f"farm: the pages are at http://{address}:{listening.getsockname()[1]}/")
    if settings.pages_token is None and not _loopback(listening):
        say("farm: whoever reaches this address reads everything: FARM_PAGES_TOKEN is not set")
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    running = threading.Thread(target=_run, args=(server, listening, stop), name="pages")
    running.start()  # not in the main thread: signals are ours
    stop.wait()
    server.should_exit = True
    running.join()


def _run(server: uvicorn.Server, listening: socket.socket, stop: threading.Event) -> None:
    try:
        server.run(sockets=[listening])
    finally:
        stop.set()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen(WAITING)
        except OSError:
            made.close()
            raise
    except OSError as error:
        raise InfrastructureError(f"cannot listen at {host}:{port}: {error.strerror or error}") from None
    return made


def _loopback(listening: socket.socket) -> bool:
    return ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback
