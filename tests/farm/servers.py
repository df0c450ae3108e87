"""A real HTTP server of the test's own that keeps what is posted to it, and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Posted:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


class Recorder:
    """Takes everything with 200, but for what ``answers`` says of the next requests: a status, or seconds of silence.

    ``taken`` has the requests that were answered with 2xx, ``asked`` all of them.
    """

    def __init__(self, *answers: int | float, headers: dict[str, str] | None = None) -> None:
        self.answers: deque[int | float] = deque(answers)
        self.headers = headers or {}
        self.asked: list[Posted] = []
        self.taken: list[Posted] = []
        self.before: Callable[[], None] = lambda: None
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                posted = Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                recorder.asked.append(posted)
                recorder.before()
                answer = recorder.answers.popleft() if recorder.answers else 200
                if isinstance(answer, float):
                    time.sleep(answer)
                    self.close_connection = True
                    return
                if 200 <= answer < 300:
                    recorder.taken.append(posted)
                self.send_response(answer)
                for name, value in recorder.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True  # nobody waits for one that is told to be silent
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
