"""Asking a unit of this machine for its stack without giving it work: ``python -m workers.processes.fingerprint <descriptor>``.

In a child process, as an attempt is: a driver brings its device's library along, which may print, hang or crash.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from workers.codec import CodecError, decode, encode, one_line
from workers.driver import DriverError, fingerprint_of
from workers.drivers import make_driver
from workers.processes.asking import answer, ask, asked
from workers.processes.beginning import prepare

COMMAND = (sys.executable, "-P", "-m", "workers.processes.fingerprint")
#: Importing a device's library takes seconds on a busy machine; a unit that needs longer is asked in vain.
ASK_S = 60.0


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
    told, ending = ask(COMMAND, Question(driver, dict(profile)), time_s=time_s)
    try:
        found = decode(told, Answer)
    except CodecError as error:
        died = f"no answer after {time_s:g} s" if ending.timed_out else f"its process ended with code {ending.code}"
        raise StackUnknown(died if not told else str(error)) from None
    if found.problem:
        raise StackUnknown(found.problem)
    return found.stack


def main() -> None:
    """The child's part."""
    prepare()
    question = decode(asked(), Question)
    try:
        said = Answer(stack=fingerprint_of(make_driver(question.driver, question.profile)))
    except (DriverError, ValueError, ImportError) as error:
        said = Answer(problem=one_line(error))
    except Exception as error:  # what nobody foresaw: the code that this process would end with tells nothing
        said = Answer(problem=one_line(f"{type(error).__name__}: {error}"))
    answer(encode(said))


if __name__ == "__main__":
    main()
