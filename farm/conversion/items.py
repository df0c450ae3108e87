"""A conversion that the database wants, as what the converter's child process is asked for."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from farm.conversion.passed import passed_commits
from farm.conversion.request import architecture_target
from farm.conversion.stored import weights_of
from farm.conversion.wire import Item
from farm.database.models import Conversion, Probe, Snapshot
from farm.inventory import Inventory


def recorded_item(session: Session, inventory: Inventory, conversion: Conversion | Probe, folder: Path) -> Item:
    """The item of a recorded conversion, or of a probe's, its bundle to be a folder in ``folder``."""
    architecture = conversion.architecture
    snapshot = session.get_one(Snapshot, (conversion.commit, conversion.architecture_id))
    trained = weights_of(architecture.kind, snapshot.file, architecture.name)
    return Item(
        key=architecture.key,
        kind=architecture.kind,
        target=architecture_target(inventory, architecture.kind, architecture.name),
        folder=str(folder / architecture.key.replace(":", "-")),
        commit=conversion.commit,
        closure=snapshot.closure,
        passed=passed_commits(session, conversion.architecture_id),
        stored=trained.stored,
        checkpoint=trained.checkpoint,
    )
