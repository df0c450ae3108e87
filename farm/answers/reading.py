"""The documents of one architecture, of a table, of device types, and of a conversion."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from farm.garbage import without_collection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.reading.device_list import ListedDevice, ListedUnit
    from farm.reading.job_list import ListedJob
    from farm.reading.next_step import NextStep
    from farm.reading.status import Status
    from farm.reading.strip import Mark
    from farm.states.cell import Cell, Layer
    from farm.table.table import Change, Table
    from mcore.platform.bundle import Manifest
    from workers.report import LayerError

HISTORY = 20


def status_document(found: Status) -> dict[str, Any]:
    """``farm-status/1``."""
    row = found.row
    return {
        "architecture": row.name,
        "kind": row.kind,
        "commit": found.commit,
        "reason": row.reason,
        "layers": list(row.layers),
        "cells": [
            {
                "device": device,
                **cell_document(cell, row.last_change),
                **_job(found.jobs.get(device)),
                "history": [_mark(mark) for mark in found.strips.get(device, ())],
                "next": _next(found.next.get(device)),
            }
            for device, cell in row.cells.items()
        ],
    }


@without_collection()  # which takes longer than the document of ten thousand cells
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


def devices_document(listed: Sequence[ListedDevice]) -> dict[str, Any]:
    """``farm-devices/1``; of a unit's history the last :data:`HISTORY` lines, the last one first."""
    return {
        "devices": [
            {
                "name": d.name,
                "driver": d.driver,
                "queue": d.queue,
                "policy": d.policy,
                "units": [unit_document(unit) for unit in d.units],
                "queued": d.queued,
                "running": d.running,
                "waits": d.waits,
            }
            for d in listed
        ]
    }


def unit_document(unit: ListedUnit) -> dict[str, Any]:
    """One unit."""
    return {
        "unit": unit.unit,
        "last_seen": unit.last_seen.isoformat(),
        "host": unit.host,
        "presence": unit.presence,
        "since": unit.since.isoformat(),
        "health": unit.health,
        "health_reason": unit.health_reason,
        "health_since": date(unit.health_since),
        "attempt": unit.attempt,
        "free_disk_bytes": unit.free_disk_bytes,
        "note": unit.note,
        "history": [
            {
                "at": event.at.isoformat(),
                "change": event.change,
                "old": event.old,
                "new": event.new,
                "reason": event.reason,
                "actor": event.actor,
                "attempt": event.attempt_id,
            }
            for event in unit.history[: -HISTORY - 1 : -1]
        ],
    }


def layer_document(layer: Layer | LayerError) -> dict[str, Any]:
    """A first divergent layer."""
    return {
        "module": layer.module,
        "source": layer.source,
        "op": layer.op,
        "value": layer.value,
        "error": layer.error,
        "introduced_here": layer.introduced_here,
        "local_error": layer.local_error,
        "inherited_error": layer.inherited_error,
        "signature": layer.signature,
    }


def cell_document(cell: Cell, last_change: Change) -> dict[str, Any]:
    """One cell, as both documents have it."""
    layer, known, expected = cell.first_divergent_layer, cell.latency_from, cell.prediction
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
        "first_divergent_layer": layer_document(layer) if layer else None,
        "attempt": cell.attempt,
        "rejudged": cell.rejudged,
        "observed_at": cell.commit,
        "observed_date": date(cell.date),
        "unit": cell.unit,
        "stack": dict(cell.stack),
        "stack_changes": list(cell.changed),
        "expires": date(cell.expires),
        "prediction": expected
        and {
            "chance": expected.chance,
            "blocking": [{"trait": trait, "works": works} for trait, works in expected.blocking],
            "new": list(expected.new),
            "evidence": expected.evidence,
        },
        "condition": cell.condition and cell.condition.to_json(),
        "probe": cell.probe,
        "latency_from": known
        and {"attempt": known.attempt, "observed_at": known.commit, "observed_date": date(known.date)},
        "last_change": _change(last_change),
    }


def _mark(mark: Mark) -> dict[str, Any]:
    return {
        "commit": mark.commit,
        "date": mark.date.isoformat(),
        "changed": mark.changed,
        "verdict": mark.verdict,
        "outcome": mark.outcome,
    }


def _next(step: NextStep | None) -> dict[str, str] | None:
    return {"text": step.text, "command": step.command} if step else None


def _job(job: ListedJob | None) -> dict[str, Any]:
    if job is None:
        return {"wait_reason": None, "job": None}
    about = {"id": job.id, "units": job.notes, "reason": job.reason, "since": job.since.isoformat()}
    return {"wait_reason": job.waits, "job": {**about, "attempts": len(job.attempts)}}


def date(at: datetime | None) -> str | None:
    """A point in time as documents have it."""
    return at.isoformat() if at else None


def _change(change: Change) -> dict[str, str]:
    return {"commit": change.commit, "date": change.date.isoformat()}
