"""Small web servers for the tests of remote stores: a plain one, and one that speaks the little of S3 that is needed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Objects(BaseHTTPRequestHandler):
    """GET, HEAD and PUT of ``server.objects``; PUT with ``If-None-Match: *`` creates only."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer(send=True)

    def do_HEAD(self) -> None:
        self._answer(send=False)

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.log.append(("PUT", self.path))
        if self.headers.get("If-None-Match") == "*" and self.path in self.server.objects:
            return self._reply(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        self.server.objects[self.path] = data
        return self._reply(200, b"")

    def _answer(self, send: bool) -> None:
        self.server.log.append((self.command, self.path))
        if self.server.failures:
            return self._reply(self.server.failures.pop(0), b"")
        data = self.server.objects.get(self.path)
        if data is None:
            return self._reply(404, b"")
        return self._reply(200, data, send)

    def _reply(self, status: int, data: bytes, send: bool = True) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.end_headers()
        cut = self.server.cut_after
        if send and self.command != "HEAD":
            self.wfile.write(data if cut is None else data[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """``failures`` are statuses answered first; with ``cut_after`` a body ends after so many bytes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Objects)
        self.objects: dict[str, bytes] = {}
        self.log: list[tuple[str, str]] = []
        self.failures: list[int] = []
        self.cut_after: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs in a thread."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
