"""Something that stands before a server and forwards what it hears, or does not."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from typing import Self


class Forwarder(ABC):
    """Listens on :attr:`port` for what is meant for ``upstream``, a port too; a subclass says what becomes of a connection."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        #: All that are to be closed at the end.
        self.sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self.sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    @abstractmethod
    def serve(self, near: socket.socket) -> None:
        """A connection was made; the next one is taken when this returns."""

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.serve(near)
