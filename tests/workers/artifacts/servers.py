"""Servers for the tests of remote stores: a plain web server that can misbehave, and a real one of S3."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import free_port, missing


class Objects(BaseHTTPRequestHandler):
    """GET (with ranges) and HEAD of ``server.objects``."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer(send=True)

    def do_HEAD(self) -> None:
        self._answer(send=False)

    def _answer(self, send: bool) -> None:
        asked = self.headers.get("Range")
        self.server.log.append((self.command, self.path))
        self.server.ranges.append(asked)
        if self.server.failures:
            return self._reply(self.server.failures.pop(0), b"")
        if self.path in self.server.redirects:
            return self._reply(302, b"", more={"Location": self.server.redirects[self.path]})
        data = self.server.objects.get(self.path)
        if data is None:
            return self._reply(404, b"")
        if asked and self.server.takes_ranges:
            start = int(asked.removeprefix("bytes=").split("-")[0])
            place = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return self._reply(206, data[start:], send, {"Content-Range": place})
        return self._reply(200, data, send)

    def _reply(self, status: int, data: bytes, send: bool = True, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {"ETag": '"x"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT", **(more or {})}
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        cut = self.server.cut_after
        if send and self.command != "HEAD":
            with contextlib.suppress(ConnectionError):
                self.wfile.write(data if cut is None else data[:cut])
                self.wfile.flush()
            self.server.stalled.wait(self.server.stall_s)
        if cut is not None:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """``failures`` are statuses answered first; with ``cut_after`` a body ends after so many bytes, ``stall_s`` later."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Objects)
        self.objects: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.log: list[tuple[str, str]] = []
        self.ranges: list[str | None] = []
        self.failures: list[int] = []
        self.cut_after: int | None = None
        self.takes_ranges = True
        self.stall_s = 0.0
        self.stalled = threading.Event()
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """A client that went away is nothing to print."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that runs in a thread."""
    with Server() as server:
        if tls is not None:
            server.socket, server.scheme = tls.wrap_socket(server.socket, server_side=True), "https"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.stalled.set()
            server.shutdown()
            thread.join()


class S3Server:
    """A real server of S3 (moto's), in a process of its own; what it holds is gone when it ends."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "s3cr3t-k3y",
            "AWS_REGION": "us-east-1",
        }

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **self.environment},
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("moto did not answer within 60 s")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def make_bucket(self, name: str) -> None:
        self.raw_put(name)

    def raw_put(self, path: str, data: bytes = b"") -> None:
        """Put an object past the store, under any name."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("PUT", f"/{path}", body=data)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server that is up."""
    try:
        import moto.server  # noqa: F401
    except ImportError:
        missing("an S3 server (moto)")
    server = S3Server()
    server.start()
    try:
        yield server
    finally:
        server.kill()
