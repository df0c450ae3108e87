"""Conversions that the database wants, as what the converter's child process is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.orm import Session

from farm.conversion.passed import passed_commits
from farm.conversion.request import architecture_target
from farm.conversion.stored import weights_of
from farm.conversion.wire import Item
from farm.database.models import Conversion, Probe, Snapshot
from farm.inventory import Inventory


def recorded_items(
    session: Session, inventory: Inventory, conversions: Mapping[str, Conversion | Probe], folder: Path
) -> dict[str, Item]:
    """The items of recorded conversions, or of probes', by the same keys, each bundle to be a folder in ``folder``."""
    snapshots = {
        key: session.get_one(Snapshot, (each.commit, each.architecture_id)) for key, each in conversions.items()
    }
    trained = weights_of(
        [(each.architecture.kind, snapshots[key].file, each.architecture.name) for key, each in conversions.items()]
    )
    found = {}
    for key, each in conversions.items():
        architecture = each.architecture
        weights = trained[architecture.kind, architecture.name]
        found[key] = Item(
            key=architecture.key,
            kind=architecture.kind,
            target=architecture_target(inventory, architecture.kind, architecture.name),
            folder=str(folder / architecture.key.replace(":", "-")),
            commit=each.commit,
            closure=snapshots[key].closure,
            passed=passed_commits(session, each.architecture_id),
            stored=weights.stored,
            checkpoint=weights.checkpoint,
        )
    return found
