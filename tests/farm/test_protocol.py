"""The wire messages: golden texts, round trips, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.protocol import (
    MAX_MESSAGE_BYTES,
    AttemptMessage,
    CheckedMessage,
    CheckMessage,
    ControlMessage,
    HeartbeatMessage,
    Limits,
    Message,
    ProtocolError,
    RefusalMessage,
    ReportMessage,
    StartedMessage,
    VersionError,
    decode,
    encode,
    queue_of,
)
from workers.outcome import Cause, Outcome
from workers.policy import Policy
from workers.report import AttemptReport, CaseReport, LayerError, LayerProbe, Stage, TensorError
from workers.spread import Spread

ATTEMPT = AttemptMessage(
    attempt="a1",
    token="t1",
    nonce="n1",
    architecture="network:resnet50",
    bundle="b" * 64,
    manifest="c" * 64,
    device_type="numpy",
    driver="numpy",
    profile={"mode": "default"},
    policy=Policy("fp32", 1, "float32", 2e-4, 1e-4, 75.0, 0.99999),
    limits=Limits(300.0, 1 << 33),
    measured_stack=None,
)
SPREAD = Spread(64, 0.75, ((0.25, 0.0), (0.75, 0.01)), 0.0, (2, 1), sensitivity=0.5)
PROBES = (LayerProbe("v1", "conv2d", "conv1", 1e-6), LayerProbe("v3", "conv2d", "layer1.0.conv1", 0.2))
STARTED = StartedMessage("a1", "t1", "host-1")
REPORT = ReportMessage(
    attempt="a1",
    token="t1",
    unit="host-1",
    duration_s=1.5,
    report=AttemptReport(
        outcome=Outcome.MISMATCH,
        cause=Cause.DEVICE_STACK,
        message="1 of 1 samples differ",
        stage=Stage.DONE,
        bundle="b" * 64,
        nonce="n1",
        stack={"runtime": "numpy 2.4"},
        cases=(
            CaseReport(
                "224x224",
                Outcome.MISMATCH,
                tensors=(TensorError("out", 0.1, 0.01, 20.0, 0.99, 0.5, -2.0, SPREAD),),
                latency_ms=12.0,
                first_divergent_layer=LayerError("v3", "conv2d", "layer1.0.conv1", 0.2, True, probes=PROBES),
                firm=Outcome.PASS,
            ),
        ),
        signal=None,
    ),
)
HEARTBEAT = HeartbeatMessage("numpy", "unit-1", "host-1", 10.0, True, True, 2, "a1", 1 << 40)
CONTROL = ControlMessage("numpy", "unit-1", False, "maintenance: new firmware", 2)
CHECK = CheckMessage("c1", "t1", "numpy", "unit-1", "numpy", {"mode": "default"})
CHECKED = CheckedMessage("c1", "t1", "numpy", "unit-1", "canary failed", False, {"runtime": "numpy 2.4"})
REFUSAL = RefusalMessage(
    "a1", "t1", "host-1", "host-1 refuses the attempt: host speaks attempt/2, coordinator attempt/3"
)
GOLDEN = Path(__file__).parent / "protocol" / "golden"
CURRENT: dict[str, Message] = {
    "attempt-3": ATTEMPT,
    "started-1": STARTED,
    "report-4": REPORT,
    "refusal-1": REFUSAL,
    "heartbeat-1": HEARTBEAT,
    "control-1": CONTROL,
    "check-1": CHECK,
    "checked-1": CHECKED,
}

SPARED = msgspec.structs.replace(ATTEMPT, measured_stack="d" * 64)


@pytest.mark.parametrize(
    "message",
    [ATTEMPT, SPARED, STARTED, REPORT, REFUSAL, HEARTBEAT, CONTROL, CHECK, CHECKED],
    ids=lambda m: type(m).__name__,
)
def test_round_trip(message: Message) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize("name", CURRENT)
def test_the_wire_form_does_not_change(name: str) -> None:
    """Hosts of the last version are still out there: another text needs another schema number."""
    assert encode(CURRENT[name]).decode() == (GOLDEN / f"{name}.json").read_text().rstrip("\n")


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.json")))
def test_every_golden_message_is_read(name: str) -> None:
    """Of this version and the one before: an attempt/2 judges outputs, a report/3 names the divergent layer alone."""
    (case,) = REPORT.report.cases
    assert case.first_divergent_layer is not None
    bare = replace(case, first_divergent_layer=replace(case.first_divergent_layer, probes=()))
    before = msgspec.structs.replace(REPORT, report=replace(REPORT.report, cases=(bare,)))
    read = decode((GOLDEN / f"{name}.json").read_bytes())
    assert read == (CURRENT | {"attempt-2": ATTEMPT, "report-3": before})[name]


def test_a_report_of_this_version_is_read() -> None:
    assert json.loads(encode(REPORT))["schema"] == "report/4"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[1, 2]",
        b"{}",
        b"not json",
        b'{"schema": "attempt/4"}',
        b'{"schema": "started/1", "attempt": "a", "token": "t"}',
        b'{"schema": "started/1", "attempt": "a", "token": "t", "unit": "u", "more": 1}',
        b'{"schema": "started/1", "attempt": "a b", "token": "t", "unit": "u"}',
        b'{"schema": "started/1", "attempt": "", "token": "t", "unit": "u"}',
        b'{"schema": "started/1", "attempt": "a\\n", "token": "t", "unit": "u"}',
        b'{"schema": "started/1", "attempt": 3, "token": "t", "unit": "u"}',
        b"[" * 100_000,
        b" " * (MAX_MESSAGE_BYTES + 1),
    ],
    ids=range(14),
)
def test_what_is_not_a_message_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("attempt/4", "attempt/3"), ("report/0", "report/4"), ("heartbeat/12", "heartbeat/1"), ("refusal/2", "refusal/1")],
)
def test_another_version_is_said_to_be_one(theirs: str, ours: str) -> None:
    with pytest.raises(VersionError) as caught:
        decode(json.dumps({"schema": theirs, "anything": [1]}))
    assert (caught.value.ours, caught.value.theirs) == (ours, theirs)


@pytest.mark.parametrize("schema", ["attempt/2", "attempt/3", "another/1", "attempt", "attempt/x", "attempt/3\n"])
def test_what_is_wrong_otherwise_is_not_said_to_be_the_version(schema: str) -> None:
    with pytest.raises(ProtocolError, match="not a message of this version") as caught:
        decode(json.dumps({"schema": schema}))
    assert not isinstance(caught.value, VersionError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([ATTEMPT, STARTED, REPORT]), st.data())
def test_a_message_with_any_field_replaced_is_read_or_refused(message: Message, data: st.DataObject) -> None:
    body: dict[str, Any] = json.loads(encode(message))
    body[data.draw(st.sampled_from(sorted(body)))] = data.draw(json_values)
    try:
        decode(json.dumps(body))
    except ProtocolError:
        return


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        decode(data)
    except ProtocolError:
        return


def test_a_device_type_has_one_queue() -> None:
    assert queue_of("numpy") == "device_numpy"
