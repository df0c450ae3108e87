"""The ``--json`` documents of the reading commands; scripts rely on their fields, so a change is a new schema number."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farm.cell import Cell
    from farm.table import Change, Row, Table
    from mcore.platform.bundle import Manifest

STATUS_SCHEMA = "farm-status/1"
TABLE_SCHEMA = "farm-table/1"
PLAN_SCHEMA = "farm-plan/1"
WHY_SCHEMA = "farm-why/1"
DEVICES_SCHEMA = "farm-devices/1"
SUBMIT_SCHEMA = "farm-submit/1"
CONVERT_SCHEMA = "farm-convert/1"
GC_SCHEMA = "farm-gc/1"
CHECKPOINTS_SCHEMA = "farm-checkpoints/1"
CHECKPOINT_SCHEMA = "farm-checkpoint/1"
CHECKPOINTS_VERIFY_SCHEMA = "farm-checkpoints-verify/1"
CHECKPOINTS_IMPORT_SCHEMA = "farm-checkpoints-import/1"
CHECKPOINTS_EXPORT_SCHEMA = "farm-checkpoints-export/1"
CHECKPOINTS_GC_SCHEMA = "farm-checkpoints-gc/1"
CHECKPOINTS_REINDEX_SCHEMA = "farm-checkpoints-reindex/1"
DOCTOR_SCHEMA = "farm-doctor/1"
AUDIT_SCHEMA = "farm-audit/1"
AUDIT_HISTORY_SCHEMA = "farm-audit-history/1"
SELFTEST_SCHEMA = "farm-selftest/1"


def status_document(row: Row, commit: str) -> dict[str, Any]:
    """``farm-status/1``."""
    return {
        "architecture": row.name,
        "kind": row.kind,
        "commit": commit,
        "reason": row.reason,
        "layers": list(row.layers),
        "cells": [{"device": cell.device, **cell_document(cell, row.last_change)} for cell in row.cells.values()],
    }


def table_document(table: Table) -> dict[str, Any]:
    """``farm-table/1``."""
    return {
        "commit": table.commit,
        "devices": list(table.devices),
        "rows": [
            {
                "architecture": row.name,
                **row.columns,
                "kind": row.kind,
                "layers": list(row.layers),
                "last_change": _change(row.last_change),
                "cells": {device: cell_document(cell, row.last_change) for device, cell in row.cells.items()},
            }
            for row in table.rows
        ],
    }


def convert_document(folder: str, manifest: Manifest, seconds: float) -> dict[str, Any]:
    """``farm-convert/1``."""
    return {
        "architecture": manifest.architecture,
        "folder": folder,
        "bundle": str(manifest.identity),
        "graphs": sum(name.startswith("graph") for name in manifest.files),
        "seconds": seconds,
        "report": dict(manifest.report),
    }


def cell_document(cell: Cell, last_change: Change) -> dict[str, Any]:
    """One cell, as both documents have it."""
    layer, known = cell.first_divergent_layer, cell.latency_from
    return {
        "verdict": cell.verdict,
        "provenance": cell.provenance,
        "outcome": cell.outcome,
        "cause": cell.cause,
        "message": cell.message,
        "state": cell.state,
        "resolutions": [
            {
                "sample": r.sample,
                "outcome": r.outcome,
                "max_abs_error": r.max_abs_error,
                "sqnr_db": r.sqnr_db,
                "margin": r.margin,
                "latency_ms": r.latency_ms,
                "message": r.message,
            }
            for r in cell.resolutions
        ],
        "max_abs_error": cell.max_abs_error,
        "sqnr_db": cell.sqnr_db,
        "margin": cell.margin,
        "latency_ms": cell.latency_ms,
        "unsupported": list(cell.unsupported),
        "first_divergent_layer": layer
        and {
            "module": layer.module,
            "source": layer.source,
            "op": layer.op,
            "value": layer.value,
            "error": layer.error,
            "introduced_here": layer.introduced_here,
            "local_error": layer.local_error,
            "inherited_error": layer.inherited_error,
            "signature": layer.signature,
        },
        "attempt": cell.attempt,
        "observed_at": cell.commit,
        "observed_date": _date(cell.date),
        "unit": cell.unit,
        "stack": dict(cell.stack),
        "stack_changes": list(cell.changed),
        "expires": _date(cell.expires),
        "latency_from": known
        and {"attempt": known.attempt, "observed_at": known.commit, "observed_date": _date(known.date)},
        "last_change": _change(last_change),
    }


def _date(date: datetime | None) -> str | None:
    return date.isoformat() if date else None


def _change(change: Change) -> dict[str, str]:
    return {"commit": change.commit, "date": change.date.isoformat()}
