"""Errors of the farm; each is one clear line and knows the exit code of the command that it ends.

::

    FarmError               3  infrastructure, unless a class below says otherwise
    ├── UsageError          2  the request or a file of configuration is wrong
    │   └── InventoryError     inventory.yaml or exclusions.yaml; names the line
    ├── NotFoundError       4  no such architecture, commit, device, bundle
    ├── NothingRecordedError 4  nothing was submitted yet of what is asked about
    ├── GoneError           4  what is asked about was there, and was removed since
    ├── InfrastructureError 3  database, broker or store cannot be used
    │   └── BrokerError        the broker cannot be reached
    │       └── BrokerFullError  it takes no more messages
    └── WaitTimeoutError    5  results did not arrive in the time that was allowed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes of every command."""

    GOOD = 0
    BAD_RESULT = 1
    USAGE = 2
    INFRASTRUCTURE = 3
    NOT_FOUND = 4
    TIMED_OUT = 5


def near(name: str, known: Iterable[str]) -> str:
    """``; did you mean ...?`` with the known names nearest to ``name``, or nothing."""
    folded: dict[str, list[str]] = {}  # several may differ only in case: resnet50 and ResNet50
    for k in dict.fromkeys(known):
        folded.setdefault(k.casefold(), []).append(k)
    keys = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    found = [k for key in keys for k in difflib.get_close_matches(name, folded[key], n=3, cutoff=0.0)][:3]
    return f"; did you mean {', '.join(found)}?" if found else ""


class FarmError(Exception):
    """Base of the farm's own errors."""

    exit_code: ClassVar[int] = ExitCode.INFRASTRUCTURE


class UsageError(FarmError):
    """The request is wrong."""

    exit_code = ExitCode.USAGE


class InventoryError(UsageError):
    """A configuration file is wrong; the text names file and line."""


class NotFoundError(FarmError):
    """There is no such thing; says why, where that is known, else suggests near names."""

    exit_code = ExitCode.NOT_FOUND

    def __init__(self, what: str, name: str, known: Iterable[str] = (), *, why: str = "") -> None:
        super().__init__(f"no {what} named {name!r}{f': {why}' if why else near(name, known)}")


class NothingRecordedError(FarmError):
    """Nothing was submitted yet of what is asked about."""

    exit_code = ExitCode.NOT_FOUND


class GoneError(FarmError):
    """What is asked about was there, and was removed since."""

    exit_code = ExitCode.NOT_FOUND


class InfrastructureError(FarmError):
    """The database, the broker or the artifact store cannot be used."""


class BrokerError(InfrastructureError):
    """The broker cannot be reached, or breaks off."""


class BrokerFullError(BrokerError):
    """The broker is there, and has no memory left for a message."""


class WaitTimeoutError(FarmError):
    """Results did not arrive in time."""

    exit_code = ExitCode.TIMED_OUT
