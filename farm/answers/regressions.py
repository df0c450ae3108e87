"""The ``--json`` documents of ``farm regressions``; scripts rely on their fields, so a change is a new schema number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from farm.regressions.known import Issue
from farm.regressions.listing import Listed, Shown


def regressions_document(listed: Sequence[Listed]) -> dict[str, Any]:
    """``farm-regressions/1``."""
    alike: dict[str, list[Listed]] = {}
    for one in listed:
        alike.setdefault(one.row.signature, []).append(one)
    clusters = sorted(alike.items(), key=lambda item: (-len(item[1]), item[0]))
    return {
        "open": sum(one.state == "open" for one in listed),
        "excused": sum(one.state == "open" and one.excused for one in listed),
        "regressions": [regression(one) for one in listed],
        "signatures": [
            {"signature": key, "text": ones[0].row.signature_text, "regressions": [one.id for one in ones]}
            for key, ones in clusters
        ],
    }


def regression_document(shown: Shown) -> dict[str, Any]:
    """``farm-regression/1``."""
    return {
        **regression(shown.listed),
        "range": [{"commit": commit, "subject": subject} for commit, subject in shown.range],
        "axis": shown.axis,
        "evidence": [
            {"bundle": p.bundle, "stack": p.stack, "unit": p.unit, "result": p.result, "attempt": p.attempt}
            for p in shown.places
        ],
    }


def regression(one: Listed) -> dict[str, Any]:
    """A regression, as both documents have it."""
    row = one.row
    return {
        "regression": one.id,
        "architecture": one.architecture,
        "kind": one.kind,
        "device": one.device,
        "policy": row.policy,
        "present": one.present,
        "state": one.state,
        "opened": row.opened.isoformat(),
        "closed": row.closed and row.closed.isoformat(),
        "open_on": list(row.open_on),
        "last_good": _end(row.last_good, row.good_bundle, row.good_stack, row.good_attempt),
        "first_bad": _end(row.first_bad, row.bad_bundle, row.bad_stack, row.bad_attempt),
        "commits": one.commits,
        "fixed": row.fixed,
        "stack_changes": list(one.stack),
        "definition": row.definition,
        "place": row.place,
        "outcome": row.outcome,
        "cause": row.cause,
        "reason": row.reason,
        "asked": row.asked and row.asked.isoformat(),
        "signature": row.signature,
        "signature_text": row.signature_text,
        "sharing": one.sharing,
        "known_issue": one.issue and known_issue(one.issue),
        "excused": one.excused,
    }


def known_issue(issue: Issue) -> dict[str, Any]:
    """A known issue; of ``farm-known-issues/1``, and of the regressions that it is about."""
    return {
        "signature": issue.signature,
        "text": issue.text,
        "owner": issue.owner,
        "until": issue.until.isoformat(),
        "note": issue.note,
        "created": issue.created.isoformat(),
        "created_by": issue.created_by,
        "open": issue.open,
        "seen": issue.seen,
        "standing": issue.standing.value,
    }


def _end(commit: str, bundle: str | None, stack: str | None, attempt: str | None) -> dict[str, Any]:
    return {"commit": commit, "bundle": bundle, "stack": stack, "attempt": attempt}
