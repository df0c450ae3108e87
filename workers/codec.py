"""Requests and reports as JSON, validated and bounded when read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, overload

import msgspec

from workers.report import AttemptReport, CaseReport
from workers.request import AttemptRequest

MAX_BYTES = 4 << 20
MAX_CASES = 1024
MAX_TENSORS = 4096
MAX_TEXT = 4096
MAX_LOG = 64 << 10

T = TypeVar("T")


class CodecError(ValueError):
    """The bytes are not what they should be; the text is one line that names the place."""


def one_line(text: object, limit: int = MAX_TEXT) -> str:
    """``text`` without the line ends that a device's library put into it, and no longer than a report may have it."""
    return " ".join(str(text).split())[:limit]


def encode(value: Any) -> bytes:
    """A request or report (or any value made of dataclasses and plain data) as JSON, on one line."""
    return msgspec.json.encode(value)


@overload
def decode(data: bytes, kind: type[T], *, what: str = ..., limit: int = ...) -> T: ...


@overload
def decode(data: bytes, kind: Any, *, what: str, limit: int = ...) -> Any: ...


def decode(data: bytes, kind: Any, *, what: str = "", limit: int = MAX_BYTES) -> Any:
    """Read a value of type ``kind``, a class or a union of them; ``what`` names it in errors.

    Raises:
        CodecError: there are more than ``limit`` bytes, or they are not JSON, or a field is missing or of the wrong type.
    """
    what = what or kind.__name__
    if len(data) > limit:
        raise CodecError(f"{what} has {len(data)} bytes, the limit is {limit}")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise CodecError(f"not a {what}: {error}") from None


def decode_request(data: bytes) -> AttemptRequest:
    """Read a request; raises :class:`CodecError` for anything else, limits that are not positive included."""
    request = decode(data, AttemptRequest)
    if not (request.limits.time_s > 0 and request.limits.memory_bytes > 0):
        raise CodecError("AttemptRequest: limits.time_s and limits.memory_bytes must be positive")
    return request


def check_report(report: AttemptReport) -> None:
    """Raise :class:`CodecError` for a report that types alone let through: too long, or a sample reported twice."""
    if len(report.unsupported) > MAX_CASES:
        raise CodecError(f"AttemptReport: more than {MAX_CASES} unsupported ops")
    if len(report.log) > MAX_LOG:
        raise CodecError(f"AttemptReport: log is longer than {MAX_LOG} characters")
    if any(len(text) > MAX_TEXT for text in (report.message, report.bundle, report.nonce, *report.unsupported)):
        raise CodecError(f"AttemptReport: a text is longer than {MAX_TEXT} characters")
    check_cases(report.cases)


def check_cases(cases: Sequence[CaseReport]) -> None:
    """Raise :class:`CodecError` for too many cases, too long ones, or two of one sample."""
    if len(cases) > MAX_CASES:
        raise CodecError(f"AttemptReport: more than {MAX_CASES} cases")
    names = [case.sample for case in cases]
    if len(set(names)) != len(names):
        raise CodecError("AttemptReport: a sample is reported twice")
    for case in cases:
        if len(case.tensors) > MAX_TENSORS:
            raise CodecError(f"AttemptReport: case {case.sample[:64]!r} has more than {MAX_TENSORS} tensors")
        if max(len(case.sample), len(case.message)) > MAX_TEXT:
            raise CodecError(f"AttemptReport: a text is longer than {MAX_TEXT} characters")
