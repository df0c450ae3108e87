"""Saying to the coordinator that a message could not be read, so that its attempt ends with a reason and not with its lease."""

from __future__ import annotations

from farm.broker.signing import body_of
from farm.protocol import ProtocolError, RefusalMessage, ReportMessage, VersionError, read_envelope
from workers.excerpt import excerpt
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, Stage

MAX_REASON = 512


def attempt_refused(payload: str, error: ProtocolError, unit: str) -> RefusalMessage | None:
    """What a host says of an attempt that it cannot read; ``None`` where it cannot even be read which attempt it is."""
    envelope = read_envelope(body_of(payload))
    if envelope is None or envelope.kind != "attempt":
        return None
    why = f"host speaks {error.ours}, coordinator {error.theirs}" if isinstance(error, VersionError) else str(error)
    return _refusal(envelope.attempt, envelope.token, unit, f"{unit} refuses the attempt: {why}")


def report_refused(body: str, error: ProtocolError) -> RefusalMessage | None:
    """What a coordinator makes of a report that it cannot read. Of other messages nothing: the report may be readable yet."""
    envelope = read_envelope(body)
    if envelope is None or envelope.kind != "report" or not envelope.unit:
        return None
    why = f"host speaks {error.theirs}, coordinator {error.ours}" if isinstance(error, VersionError) else str(error)
    return _refusal(envelope.attempt, envelope.token, envelope.unit, f"the coordinator refuses the report: {why}")


def as_report(refusal: RefusalMessage) -> ReportMessage:
    """A refusal as what it is for the attempt: an end that says nothing of the network."""
    return ReportMessage(
        attempt=refusal.attempt,
        token=refusal.token,
        unit=refusal.unit,
        duration_s=0.0,
        report=AttemptReport(Outcome.INFRA_ERROR, Cause.INFRA, refusal.reason, Stage.FETCH, bundle="", nonce=""),
    )


def _refusal(attempt: str, token: str, unit: str, reason: str) -> RefusalMessage:
    return RefusalMessage(attempt, token, unit, excerpt(" ".join(reason.split()), MAX_REASON))
