"""What cannot be read ends its attempt with a reason, as far as it can be read which attempt it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.broker.signing import SignatureError, device_key, seal, unseal
from farm.host.refusal import MAX_REASON, as_report, attempt_refused, report_refused
from farm.protocol import MAX_MESSAGE_BYTES, ProtocolError, RefusalMessage, decode, encode
from tests.farm.test_protocol import ATTEMPT, REPORT, STARTED
from workers.outcome import Group

KEY = device_key("master", "numpy")


def changed(message: Any, **changes: object) -> str:
    return json.dumps(json.loads(encode(message)) | changes)


def error_of(body: str) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        decode(body)
    return caught.value


UNREADABLE = {
    "version": (changed(ATTEMPT, schema="attempt/4"), "host speaks attempt/3, coordinator attempt/4"),
    "old version": (changed(ATTEMPT, schema="attempt/0"), "host speaks attempt/3, coordinator attempt/0"),
    "shape": (changed(ATTEMPT, more=1), "not a message of this version: Object contains unknown field `more`"),
    "cap": (changed(ATTEMPT, architecture="x" * 600), "length <= 512 - at `$.architecture`"),
    "size": (changed(ATTEMPT, profile={"x": "x" * MAX_MESSAGE_BYTES}), f"the limit is {MAX_MESSAGE_BYTES}"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_host_says_which_attempt_it_cannot_read_and_why(name: str) -> None:
    body, reason = UNREADABLE[name]
    refusal = attempt_refused(body, error_of(body), "unit-1")
    assert refusal is not None
    assert (refusal.attempt, refusal.token, refusal.unit) == ("a1", "t1", "unit-1")
    assert refusal.reason.startswith("unit-1 refuses the attempt: ")
    assert reason in refusal.reason
    assert decode(encode(refusal)) == refusal


def test_a_signed_attempt_that_expired_is_one_of_them() -> None:
    body = seal(encode(ATTEMPT), KEY, "numpy", 100).decode()
    with pytest.raises(SignatureError) as caught:
        unseal(body, lambda _: KEY, 105)
    refusal = attempt_refused(body, caught.value, "unit-1")
    assert refusal is not None
    assert refusal.attempt == "a1"
    assert refusal.reason.startswith("unit-1 refuses the attempt: it expired 5 s ago, by the clock of this machine: ")


@pytest.mark.parametrize(
    "body",
    ["", "garbage", "{}", "[" * 100_000, changed(ATTEMPT, schema="attempt/4", attempt="a b"), encode(REPORT).decode()],
    ids=["nothing", "text", "no envelope", "too deep", "no attempt", "a report"],
)
def test_of_what_is_no_attempt_nothing_is_said(body: str) -> None:
    """Least of all may two ends refuse one another's refusals."""
    assert attempt_refused(body, ProtocolError("no"), "unit-1") is None
    refusal = encode(RefusalMessage("a", "t", "u", "r")).decode()
    assert attempt_refused(refusal, ProtocolError("no"), "unit-1") is None
    assert report_refused(refusal, ProtocolError("no")) is None


def test_a_report_of_a_newer_host_names_both_versions() -> None:
    body = changed(REPORT, schema="report/5")
    refusal = report_refused(body, error_of(body))
    assert refusal is not None
    assert refusal.unit == "host-1"
    assert refusal.reason == "the coordinator refuses the report: host speaks report/5, coordinator report/4"


def test_a_start_that_cannot_be_read_ends_nothing() -> None:
    body = changed(STARTED, schema="started/2")
    assert report_refused(body, error_of(body)) is None


def test_a_refusal_says_nothing_of_the_network() -> None:
    made = as_report(RefusalMessage("a1", "t1", "unit-1", "why"))
    assert (made.attempt, made.token, made.unit) == ("a1", "t1", "unit-1")
    assert made.report.outcome.group is Group.INFRA
    assert made.report.message == "why"


@given(st.text(), st.text(min_size=1, max_size=512))
def test_whatever_the_reason_is_it_fits_into_the_message(reason: str, unit: str) -> None:
    refusal = attempt_refused(encode(ATTEMPT).decode(), ProtocolError(reason * 50), unit)
    assert refusal is not None
    assert len(refusal.reason) <= MAX_REASON
    assert decode(encode(refusal)) == refusal
