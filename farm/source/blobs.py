"""Contents of git objects, from one ``git cat-file --batch`` process that starts with the first read."""

from __future__ import annotations

import os
import subprocess
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress

from farm.source.errors import GitError


class BlobReader:
    """Reads blobs by id and keeps those it has read; threads may share it, and it survives a fork.

    Args:
        command: the ``git cat-file --batch`` of the repository.
        environment: of that process.
    """

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self._command, self._environment = list(command), environment
        self._lock = threading.Lock()
        self._kept: dict[str, bytes] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def read(self, blob_id: str) -> bytes:
        """Content of a blob; raises :class:`GitError` where the repository lacks it."""
        with self._lock:
            if blob_id not in self._kept:
                self._kept[blob_id] = self._ask(blob_id)
            return self._kept[blob_id]

    def _ask(self, blob_id: str) -> bytes:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(f"{blob_id}\n".encode())
            process.stdin.flush()
        except BrokenPipeError:
            raise GitError(f"git cat-file ended while {blob_id} was read") from None
        header = process.stdout.readline().split()
        if len(header) != 3:
            said = header[-1].decode() if header else "unreadable"
            raise GitError(f"git object {blob_id} is {said}; run git fsck, or fetch what is missing")
        content = process.stdout.read(int(header[2]))
        process.stdout.read(1)  # the newline after it
        return content

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment,
            )
            self._owner = os.getpid()
            weakref.finalize(self, _end, self._process, self._owner)
        return self._process


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    if owner != os.getpid():  # after a fork the process is the parent's
        return
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # it may have died with a question unread
                stream.close()
    process.wait()
