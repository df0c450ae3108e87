"""The document of a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.answers.reading import cell_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.table.history import History


def history_document(made: History, devices: Sequence[str]) -> dict[str, Any]:
    """``farm-history/1``, of some of its devices."""
    return {
        "architecture": made.name,
        "kind": made.kind,
        "devices": list(devices),
        "older": made.older,
        "commits": [
            {
                "commit": entry.commit,
                "date": entry.date.isoformat(),
                "subject": entry.subject,
                "changed": entry.changed,
                "cells": {d: cell_document(entry.row.cells[d], entry.row.last_change) for d in devices},
            }
            for entry in made.entries
        ],
    }
