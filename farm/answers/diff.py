"""The document of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.answers.reading import cell_document
from farm.garbage import without_collection

if TYPE_CHECKING:
    from farm.states.cell import Cell
    from farm.table.diff import Diff
    from farm.table.table import Row


@without_collection()
def diff_document(made: Diff) -> dict[str, Any]:
    """``farm-diff/1``."""
    return {
        "before": made.before,
        "after": made.after,
        "slower_by": made.slower_by,
        "devices": list(made.devices),
        "counts": {effect.value: count for effect, count in made.counts.items()},
        "differences": [
            {
                "change": d.effect,
                "architecture": d.row.name,
                "kind": d.row.kind,
                "device": d.device,
                "lost": d.lost,
                "slowdown": d.slowdown,
                "before": _cell(d.before, d.cell_before),
                "after": _cell(d.after, d.cell_after),
            }
            for d in made.differences
        ],
    }


def _cell(row: Row | None, cell: Cell | None) -> dict[str, Any] | None:
    return cell_document(cell, row.last_change) if row and cell else None
