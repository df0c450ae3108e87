"""The ``--json`` documents of ``farm audit``; scripts rely on their fields, so a change is a new schema number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from farm.audit.judgement import Figures
from farm.audit.records import figures_of
from farm.audit.run import AuditReport
from farm.database.models import Audit, Incident


def audit_document(report: AuditReport) -> dict[str, Any]:
    """``farm-audit/1``."""
    return {
        "audit": report.number,
        "commit": report.commit,
        "base": report.base,
        "of": report.architectures,
        **_figures(report.figures),
        "architectures": [
            {
                "name": row.key.partition(":")[2],
                "kind": row.key.partition(":")[0],
                "selected": row.selected,
                "reason": report.reasons[row.key],
                "changed": row.changed,
                "missed": row.missed,
                "before": row.before,
                "after": row.after,
                "note": row.note,
            }
            for row in report.found.rows
        ],
        "misses": [incident_document(incident) for incident in report.misses],
        "nondeterministic": [{"architecture": k, "difference": d} for k, d in report.found.differing.items()],
        "fixed": [incident_document(incident) for incident in report.fixed],
        "open": [incident_document(incident) for incident in report.open],
        "seconds": report.seconds,
    }


def history_document(audits: Iterable[Audit], incidents: Iterable[Incident]) -> dict[str, Any]:
    """``farm-audit-history/1``."""
    return {
        "audits": [
            {
                "audit": audit.id,
                "commit": audit.commit,
                "base": audit.base,
                "at": audit.at.isoformat(),
                "of": audit.architectures,
                "seed": audit.seed,
                **_figures(figures_of(audit)),
                "seconds": audit.seconds,
            }
            for audit in audits
        ],
        "incidents": [incident_document(incident) for incident in incidents],
    }


def incident_document(incident: Incident) -> dict[str, Any]:
    """A selector miss, as both documents have it."""
    return {
        "incident": incident.id,
        "name": incident.architecture.name,
        "kind": incident.architecture.kind,
        "commit": incident.commit,
        "base": incident.base,
        "closure": incident.closure,
        "before": incident.before,
        "after": incident.after,
        "difference": incident.difference,
        "edge": incident.edge,
        "files": list(incident.files),
        "opened": incident.opened.isoformat(),
        "fixed": incident.fixed and incident.fixed.isoformat(),
        "reason": incident.reason,
    }


def _figures(found: Figures) -> dict[str, Any]:
    return {
        "judged": found.judged,
        "changed": found.changed,
        "selected": found.selected,
        "hits": found.hits,
        "recall": found.recall,
        "precision": found.precision,
    }
