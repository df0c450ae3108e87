"""Contents of git objects, from one ``git cat-file --batch`` process that starts with the first read."""

from __future__ import annotations

import os
import subprocess
import threading
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress

from farm.source.errors import GitError

#: Questions that wait for git together: their text fits in a pipe, so that neither side waits for the other for ever.
AT_ONCE = 500


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

    def read(self, blob_id: str, likely: Iterable[str] = ()) -> bytes:
        """Content of a blob; raises :class:`GitError` where the repository lacks it.

        ``likely`` are blobs that will be read too: they are asked for at once, since git takes longer to answer than to read.
        """
        with self._lock:
            if blob_id not in self._kept:
                wanted = list(dict.fromkeys((blob_id, *(i for i in likely if i not in self._kept))))
                for start in range(0, len(wanted), AT_ONCE):
                    self._ask(wanted[start : start + AT_ONCE], blob_id)
            return self._kept[blob_id]

    def _ask(self, blob_ids: Sequence[str], needed: str) -> None:
        """Keep what git has of some blobs; ``needed`` is not to be missing."""
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write("".join(f"{blob_id}\n" for blob_id in blob_ids).encode())
            process.stdin.flush()
        except BrokenPipeError:
            raise GitError(f"git cat-file ended while {needed} was read") from None
        missing = ""
        for blob_id in blob_ids:  # all answers are read: the next question's must not be taken for one of these
            header, content = self._answer(process)
            if content is not None:
                self._kept[blob_id] = content
            elif blob_id == needed or not header:
                missing = missing or (header[-1].decode() if header else "unreadable")
        if missing:
            raise GitError(f"git object {needed} is {missing}; run git fsck, or fetch what is missing")

    def _answer(self, process: subprocess.Popen[bytes]) -> tuple[list[bytes], bytes | None]:
        assert process.stdout is not None
        header = process.stdout.readline().split()
        if len(header) != 3:
            return header, None
        size = int(header[2])
        content = process.stdout.read(size)
        if len(content) < size:  # it was killed in the middle: half a file must not be taken for one
            return [], None
        process.stdout.read(1)  # the newline after it
        return header, content

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
