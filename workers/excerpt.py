"""Excerpts: the head and the tail of what is too long, with the number of bytes left out; pure."""

from __future__ import annotations

#: Of an excerpt, the share of its head: the reason of a failure tends to stand at the end.
_HEAD = 0.25


class Excerpt:
    """Takes in bytes without end, and keeps ``limit_bytes`` of them: the first and the last."""

    def __init__(self, limit_bytes: int) -> None:
        self._head_size = int(limit_bytes * _HEAD)
        self._tail_size = limit_bytes - self._head_size
        self._head = self._tail = b""
        self._left_out = 0

    def add(self, data: bytes) -> None:
        """Take in more."""
        room = self._head_size - len(self._head)
        self._head += data[:room]
        kept = self._tail + data[room:]
        self._tail = kept[-self._tail_size :]
        self._left_out += len(kept) - len(self._tail)

    @property
    def text(self) -> str:
        """What was kept, as text; a line in the middle says how much was not."""
        if not self._left_out:
            return (self._head + self._tail).decode("utf-8", "replace")
        head, tail = (part.decode("utf-8", "replace") for part in (self._head, self._tail))
        return f"{head}\n{_gap(self._left_out)}\n{tail}"


def excerpt(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters (64 or more); where that is less than all, it says how much is left out."""
    if len(text) <= limit:
        return text
    room = limit - len(_gap(len(text) * 4)) - 2
    head = int(room * _HEAD)
    tail = len(text) - (room - head)
    return f"{text[:head]} {_gap(len(text[head:tail].encode('utf-8', 'replace')))} {text[tail:]}"


def _gap(count: int) -> str:
    return f"[... {count} bytes left out ...]"
