"""What a capsule says of its attempt: plain values, and the JSON that they are written as."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from workers.capsule.errors import CapsuleDamaged, CapsuleError
from workers.codec import CodecError, check_cases, decode
from workers.outcome import Cause, Outcome
from workers.policy import Policy
from workers.report import CaseReport
from workers.request import Limits

SCHEMA = "farm-capsule/1"
#: Of the JSON: figures of every sample and layer, on lines of their own.
MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Expected:
    """What came of the attempt then, on a unit that had ``stack``; ``verdict`` is what the farm says by this attempt alone."""

    verdict: str
    outcome: Outcome
    cause: Cause
    message: str
    stack: Mapping[str, str]
    cases: tuple[CaseReport, ...] = ()
    unsupported: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capsule:
    """One attempt: whence it came, what was asked, what came of it.

    Args:
        schema: :data:`SCHEMA`.
        made_by: version of the package that made the capsule.
        attempt: its id.
        architecture: ``kind:name``.
        commit: key of the state of the repository that it was made for.
        device: the device type.
        unit: that did the work, as far as it is known.
        observed: when, in ISO 8601.
        bundle: identity of the bundle.
        driver: and ``profile``, how the unit was driven.
        policy: that it was judged by.
        limits: of the attempt.
        measured_stack: as in :class:`workers.request.AttemptRequest`: whether its runs were repeated depends on it.
        expected: what came of it.
    """

    schema: str
    made_by: str
    attempt: str
    architecture: str
    commit: str
    device: str
    unit: str
    observed: str
    bundle: str
    driver: str
    profile: dict[str, Any]
    policy: Policy
    limits: Limits
    measured_stack: str | None
    expected: Expected

    def to_bytes(self) -> bytes:
        """As JSON that people can read."""
        return json.dumps(msgspec.to_builtins(self), indent=2, allow_nan=False).encode() + b"\n"


class _Head(msgspec.Struct):
    """What is read first: of a capsule of another version the rest may be of another form."""

    schema: str
    made_by: str = "another version"


def capsule_from_bytes(data: bytes, file: str) -> Capsule:
    """What :meth:`Capsule.to_bytes` made.

    Raises:
        CapsuleDamaged: it is not of this form.
        CapsuleError: another version made it.
    """
    try:
        head = decode(data, _Head, what="capsule", limit=MOST_BYTES)
        if head.schema != SCHEMA:
            raise CapsuleError(f"{file}: it is {head.schema}, made by {head.made_by}; this version reads {SCHEMA}")
        found = decode(data, Capsule, what="capsule", limit=MOST_BYTES)
        check_cases(found.expected.cases)
    except CodecError as error:
        raise CapsuleDamaged(f"{file}: {error}") from None
    return found
