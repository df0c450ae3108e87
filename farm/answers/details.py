"""The documents of one thing whole: an attempt, a unit, a submission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from farm.answers.reading import date, layer_document, unit_document
from farm.details.gates import gates_of

if TYPE_CHECKING:
    from farm.details.attempt import Evidence, Try
    from farm.details.submission import Lane, Running, SubmissionRecord
    from farm.details.unit import UnitRecord
    from workers.policy import Policy
    from workers.report import CaseReport, TensorError


def attempt_document(evidence: Evidence) -> dict[str, Any]:
    """``farm-attempt/1``."""
    attempt = evidence.attempt
    return {
        **_try(attempt),
        "host": evidence.host,
        "addressed": evidence.addressed,
        "architecture": evidence.architecture,
        "kind": evidence.kind,
        "device": evidence.device,
        "driver": evidence.driver,
        "profile": dict(evidence.profile),
        "policy": evidence.policy.to_json(),
        "submission": evidence.submission,
        "commit": evidence.commit,
        "bundle": evidence.bundle,
        "stage": evidence.stage,
        "signal": evidence.signal,
        "echoed": evidence.echoed,
        "rejudged": evidence.rejudged,
        "canaries": evidence.canaries,
        "duration_s": evidence.duration_s,
        "load_ms": evidence.load_ms,
        "peak_memory_bytes": evidence.peak_memory_bytes,
        "unsupported": list(evidence.unsupported),
        "cases": [_case(case, evidence.policy) for case in evidence.cases],
        "stack": dict(evidence.stack),
        "log": evidence.log,
        "job": {
            "id": evidence.job,
            "state": evidence.job_state,
            "reason": evidence.job_reason,
            "attempts": [_try(each) for each in evidence.tries],
        },
        "verdicts": [
            {
                "verdict": each.verdict,
                "policy": each.policy,
                "proved": each.proved.isoformat(),
                "condition": each.condition and each.condition.to_json(),
            }
            for each in evidence.verdicts
        ],
        "consequences": [
            {"at": each.at.isoformat(), "change": each.change, "old": each.old, "new": each.new, "reason": each.reason}
            for each in evidence.consequences
        ],
        "commits": list(evidence.commits),
        "commits_in_all": evidence.commits_in_all,
    }


def unit_record_document(record: UnitRecord) -> dict[str, Any]:
    """``farm-unit/1``: as in ``farm-devices/1``, and what the unit did."""
    return {
        "device": record.device,
        **unit_document(record.unit),
        "first_seen": record.first_seen.isoformat(),
        "probation": record.probation,
        "stacks": [
            {
                "fingerprint": dict(each.fingerprint),
                "since": each.since.isoformat(),
                "seen": each.seen.isoformat(),
                "present": each.present,
            }
            for each in record.stacks
        ],
        "days": [
            {"date": day.date.isoformat(), "told": day.told, "lost": day.lost, "busy_s": day.busy_s}
            for day in record.days
        ],
        "attempts": [
            {
                "attempt": each.id,
                "architecture": each.architecture,
                "kind": each.kind,
                "state": each.state,
                "outcome": each.outcome,
                "cause": each.cause,
                "dispatched": each.dispatched.isoformat(),
                "finished": date(each.finished),
                "duration_s": each.duration_s,
            }
            for each in record.attempts
        ],
        "checks": [
            {"sent": each.sent.isoformat(), "finished": date(each.finished), "failure": each.failure}
            for each in record.checks
        ],
    }


def submission_document(record: SubmissionRecord) -> dict[str, Any]:
    """``farm-submission/1``: where a submission stands; ``counts`` and ``bad`` as in ``farm-submit/1``."""
    return {
        "submission": record.id,
        **record.summary.document(),
        "subject": record.subject,
        "base": record.base,
        "branch": record.branch,
        "created": record.created.isoformat(),
        "reprove": record.reprove,
        "open": record.open,
        "left": {
            "conversions": record.left.conversions,
            "jobs": record.left.jobs,
            "repeats": record.left.repeats,
            "seconds": record.rest.seconds,
            "unknown": record.rest.unknown,
        },
        "conversions": dict(record.conversions),
        "converting": _running(record.converting),
        "refused": [
            {
                "architecture": each.architecture,
                "kind": each.kind,
                "outcome": each.outcome,
                "cause": each.cause,
                "message": each.message,
            }
            for each in record.refused
        ],
        "repeats": dict(record.repeats),
        "lanes": [_lane(lane) for lane in record.lanes],
    }


def _try(attempt: Try) -> dict[str, Any]:
    return {
        "attempt": attempt.id,
        "n": attempt.n,
        "state": attempt.state,
        "unit": attempt.unit,
        "outcome": attempt.outcome,
        "cause": attempt.cause,
        "message": attempt.message,
        "dispatched": attempt.dispatched.isoformat(),
        "finished": date(attempt.finished),
    }


def _case(case: CaseReport, policy: Policy) -> dict[str, Any]:
    layer = case.first_divergent_layer
    return {
        "sample": case.sample,
        "outcome": case.outcome,
        "message": case.message,
        "latency_ms": case.latency_ms,
        "fallback": case.fallback,
        "first_divergent_layer": layer_document(layer) if layer else None,
        "probes": [
            {"value": each.value, "op": each.op, "module": each.module, "error": each.error}
            for each in (layer.probes if layer else ())
        ],
        "tensors": [_tensor(tensor, policy) for tensor in case.tensors],
    }


def _tensor(tensor: TensorError, policy: Policy) -> dict[str, Any]:
    return {
        "output": tensor.output,
        "layer": tensor.layer,
        "run": tensor.run,
        "max_abs_error": tensor.max_abs_error,
        "max_rel_error": tensor.max_rel_error,
        "sqnr_db": tensor.sqnr_db,
        "cosine": tensor.cosine,
        "share_outside": tensor.share_outside,
        "margin": tensor.margin,
        "gates": [
            {"gate": gate.name, "found": gate.found, "limit": gate.limit, "margin": gate.margin}
            for gate in gates_of(tensor, policy)
        ],
    }


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "device": lane.device,
        "waiting": lane.waiting,
        "wait_reason": lane.waits,
        "units": lane.notes,
        "running": _running(lane.running),
        "ended": dict(lane.ended),
        "verdicts": dict(lane.verdicts),
    }


def _running(found: Sequence[Running]) -> list[dict[str, Any]]:
    return [
        {
            "architecture": each.architecture,
            "kind": each.kind,
            "attempt": each.attempt or None,
            "unit": each.unit or None,
            "since": date(each.since),
        }
        for each in found
    ]
