"""Children that are asked one thing and answer in one line; one of an attempt tells more (:mod:`workers.channel`).

The question comes as JSON on standard input, the answer goes to the descriptor that is the last argument.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from workers.codec import encode
from workers.processes.environment import worker_environment
from workers.processes.supervise import Ending, supervise

#: Bytes of an answer; who says more is not listened to any longer.
MAX_ANSWER = 64 << 10


def ask(command: Sequence[str], question: Any, *, time_s: float) -> tuple[bytes, Ending]:
    """What a child process of ``command`` says to ``question``, and how it ended.

    A whole answer ends with the end of its line. One that does not is of a child that died, was late or had too much to say.
    """
    told = bytearray()

    def hear(data: bytes) -> bool:
        told.extend(data[: MAX_ANSWER - len(told)])
        return told.endswith(b"\n") or len(told) == MAX_ANSWER

    ending = supervise(command, stdin=encode(question), environment=worker_environment(), time_s=time_s, told=hear)
    return bytes(told), ending


def asked() -> bytes:
    """The child's part: what it was asked."""
    return sys.stdin.buffer.read()


def answer(line: bytes) -> None:
    """The child's part: say ``line``, which has no end of a line in it."""
    with os.fdopen(int(sys.argv[-1]), "wb") as channel:
        channel.write(line + b"\n")
