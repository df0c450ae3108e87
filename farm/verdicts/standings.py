"""Which verdicts count for bundles, as rows: read for many bundles at once; by what rules is in :mod:`~.inheritance`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database.models import DeviceType, Verdict
from farm.inventory import Inventory
from farm.states.verdict import Verdict as VerdictName
from farm.units.stacks import stacks_by_type
from farm.verdicts.inheritance import Reprove, Standing, inherited


@dataclass(frozen=True, slots=True)
class Terms:
    """What the verdicts on a device type must fit: its row, the key of its policy, the stacks that its units have now."""

    device: str
    type_id: int
    policy: str
    present: tuple[str, ...]


def read_terms(session: Session, inventory: Inventory) -> tuple[Terms, ...]:
    """Of every device type of the inventory that has a row in its present configuration, in the inventory's order."""
    query = select(DeviceType.name, DeviceType.configuration, DeviceType.id)
    ids = {
        (name, configuration): type_id
        for name, configuration, type_id in session.execute(query.where(DeviceType.name.in_(inventory.devices)))
    }
    known = {
        name: ids[name, device.configuration]
        for name, device in inventory.devices.items()
        if (name, device.configuration) in ids
    }
    present = stacks_by_type(session, {known[name]: inventory.devices[name].units for name in known})
    return tuple(
        Terms(name, type_id, inventory.policy_of(name).key, present[type_id]) for name, type_id in known.items()
    )


def counting(
    session: Session,
    inventory: Inventory,
    terms: Sequence[Terms],
    bundles: Collection[str],
    now: datetime,
    reprove: Reprove = Reprove.NOTHING,
) -> dict[tuple[str, str], Standing]:
    """The verdicts that make jobs superfluous, by bundle and device."""
    query = select(Verdict).where(Verdict.bundle.in_(bundles), Verdict.device_type_id.in_([t.type_id for t in terms]))
    known: defaultdict[tuple[str, int, str], list[Standing]] = defaultdict(list)
    for verdict in session.scalars(query):
        known[verdict.bundle, verdict.device_type_id, verdict.policy].append(standing(verdict))
    failures_for = inventory.inheritance.failures_for
    found = {
        (bundle, t.device): inherited(
            known[bundle, t.type_id, t.policy], t.present, now=now, failures_for=failures_for, reprove=reprove
        )
        for t in terms
        for bundle in bundles
    }
    return {key: counts for key, counts in found.items() if counts is not None}


def standing(verdict: Verdict) -> Standing:
    """The row as a value."""
    return Standing(VerdictName(verdict.verdict), verdict.stack, verdict.proved)
