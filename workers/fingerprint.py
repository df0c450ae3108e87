"""Asking a unit of this machine for its stack without giving it work: ``python -m workers.fingerprint <descriptor>``.

In a child process, as an attempt is: a driver brings its device's library along, which may print, hang or crash.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from workers.codec import CodecError, decode, encode
from workers.driver import DriverError
from workers.drivers import make_driver
from workers.environment import worker_environment
from workers.supervise import supervise

COMMAND = (sys.executable, "-P", "-m", "workers.fingerprint")
#: Importing a device's library takes seconds on a busy machine; a unit that needs longer is asked in vain.
ASK_S = 60.0
MAX_ANSWER = 64 << 10


class StackUnknown(Exception):  # noqa: N818
    """The unit did not say what its stack is; the text is one line that says why."""


class Question(msgspec.Struct, frozen=True):
    """How the unit is driven, as in ``inventory.yaml``."""

    driver: str
    profile: dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """The fingerprint, or why there is none."""

    stack: dict[str, str] = {}
    problem: str = ""


def ask_fingerprint(driver: str, profile: Mapping[str, Any], time_s: float = ASK_S) -> dict[str, str]:
    """The fingerprint of this machine's unit of a driver and profile; raises :class:`StackUnknown`."""
    told = bytearray()

    def hear(data: bytes) -> bool:
        told.extend(data[: MAX_ANSWER - len(told)])
        return told.endswith(b"\n") or len(told) == MAX_ANSWER

    question = encode(Question(driver, dict(profile)))
    ending = supervise(COMMAND, stdin=question, environment=worker_environment(), time_s=time_s, told=hear)
    try:
        answer: Answer = decode(bytes(told), Answer)
    except CodecError as error:
        died = f"no answer after {time_s:g} s" if ending.timed_out else f"its process ended with code {ending.code}"
        raise StackUnknown(died if not told else str(error)) from None
    if answer.problem:
        raise StackUnknown(answer.problem)
    return answer.stack


def main() -> None:
    """The child's part."""
    question: Question = decode(sys.stdin.buffer.read(), Question)
    try:
        answer = Answer(stack=dict(make_driver(question.driver, question.profile).fingerprint()))
    except (DriverError, ValueError, ImportError) as error:
        answer = Answer(problem=" ".join(f"{error}".split()))
    with os.fdopen(int(sys.argv[1]), "wb") as channel:
        channel.write(encode(answer) + b"\n")


if __name__ == "__main__":
    main()
