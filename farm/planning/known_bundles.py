"""Which architectures of a plan were converted before: what a submission takes over, and a plan's cost leaves out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from farm.database.models import Architecture, Bundle, Conversion, Snapshot
from farm.inventory import Inventory
from farm.planning.plan import Entry, Plan
from farm.verdicts.inheritance import Reprove
from farm.verdicts.standings import Terms, counting
from workers.outcome import Outcome


def known_bundles(
    session: Session,
    inventory: Inventory,
    plan: Plan,
    terms: Sequence[Terms],
    toolchain: Mapping[str, str],
    checkpoints: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    *,
    reprove: Reprove = Reprove.NOTHING,
    now: datetime,
) -> dict[str, str]:
    """The bundle of every architecture that need not be converted, by its key.

    It is the newest of the same architecture and closure; of a selected one, made by just ``toolchain`` and what
    ``checkpoints`` adds to it. There is none of what the plan doubts, nor of a selected one whose artifacts were collected
    while a device of ``terms`` has yet to replay it; and none counts that is known to come out otherwise as well.
    """
    entries = [entry for entry in plan.entries if entry.architecture.key not in plan.fresh]
    candidates = _candidates(session, {entry.closure.hash for entry in entries})
    found: dict[str, tuple[Entry, Bundle]] = {}
    for entry in entries:
        key = entry.architecture.key
        made_by = {**toolchain, **checkpoints.get(key, {})} if entry.selection.selected else None
        for bundle in candidates.get((key, entry.closure.hash), ()):
            if made_by is None or bundle.toolchain == made_by:
                found[key] = (entry, bundle)
                break
    collected = {bundle.identity for _, bundle in found.values() if bundle.collected is not None}
    counts = counting(session, inventory, terms, collected, now, reprove) if collected else {}
    gone = {b for b in collected if any((b, device) not in counts for device in inventory.devices)}
    return {
        key: bundle.identity
        for key, (entry, bundle) in found.items()
        if not (entry.selection.selected and bundle.identity in gone)
    }


def converted(session: Session, key: str, closures: Collection[str], made_by: Mapping[str, str]) -> dict[str, str]:
    """By closure hash, of those that were converted before by just this toolchain: the bundle of the architecture of a key.

    It is chosen as :func:`known_bundles` does; whether its artifacts are still there is another question.
    """
    found = {}
    for (of, closure), bundles in _candidates(session, closures).items():
        chosen = next((bundle for bundle in bundles if bundle.toolchain == made_by), None)
        if of == key and chosen is not None:
            found[closure] = chosen.identity
    return found


def _candidates(session: Session, closures: Collection[str]) -> dict[tuple[str, str], list[Bundle]]:
    """Bundles by architecture key and closure hash, the newest first, but for those that the same code made only sometimes."""
    differed = aliased(Snapshot)
    differing = (
        select(differed.commit)
        .join(
            Conversion,
            (Conversion.commit == differed.commit) & (Conversion.architecture_id == differed.architecture_id),
        )
        .where(
            differed.architecture_id == Snapshot.architecture_id,
            differed.closure == Snapshot.closure,
            differed.bundle == Snapshot.bundle,
            Conversion.outcome == Outcome.NONDETERMINISTIC,
        )
    )
    query = (
        select(Architecture.key, Snapshot.closure, Bundle.identity)
        .join(Snapshot.architecture)
        .join(Bundle, Snapshot.bundle == Bundle.identity)
        .where(Snapshot.closure.in_(closures), ~differing.exists())
        .distinct()
    )
    rows = session.execute(query).all()
    named = select(Bundle).where(Bundle.identity.in_({row.identity for row in rows}))
    order = named.order_by(Bundle.created.desc(), Bundle.identity)
    bundles = {bundle.identity: (place, bundle) for place, bundle in enumerate(session.scalars(order))}
    found: defaultdict[tuple[str, str], list[tuple[int, Bundle]]] = defaultdict(list)
    for key, closure, identity in rows:
        found[key, closure].append(bundles[identity])
    return {code: [bundle for _, bundle in sorted(made, key=lambda m: m[0])] for code, made in found.items()}
