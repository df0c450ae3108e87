"""The definition that changed between the two ends of a regression, from the two closures: for who has the repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from farm.database.engine import Database
from farm.database.models import Architecture, Regression
from farm.planning.plan import SourceReader
from farm.regressions.readings import CellKey
from farm.regressions.rows import update_cell
from farm.source.catalogue import Architecture as Discovered
from farm.source.closure import Closure
from farm.source.converter import CONVERTER
from farm.source.errors import SourceError
from farm.source.why import Changed, all_changes

#: What a definition is where nothing changed that the architecture can reach.
NOTHING = ""
#: Culprit ranges that one call looks into: each may take a second, the first time.
MOST = 10


def name_definitions(
    database: Database, reader: SourceReader, now: datetime, *, number: int | None = None, most: int = MOST
) -> int:
    """Find the first bad definition of open regressions that have none yet, and enter it; how many were found.

    A commit that the repository does not have is passed over: somebody else may have it.

    Args:
        database: to look into.
        reader: of the repository.
        now: the time.
        number: of the only regression that is looked at, open or not; default: those that are open.
        most: culprit ranges that are looked into, the newest ones.
    """
    query = select(Regression).where(Regression.definition.is_(None), Regression.withdrawn.is_(None))
    query = query.where(Regression.closed.is_(None) if number is None else Regression.id == number)
    with database.read() as session:
        shown = query.options(joinedload(Regression.architecture)).order_by(Regression.id.desc())
        lacking = session.scalars(shown).all()
    found: dict[int, tuple[str, str]] = {}
    for good, bad in list(dict.fromkeys((row.last_good, row.first_bad) for row in lacking))[:most]:
        try:
            before, after = reader.closures_at(good), reader.closures_at(bad)
        except SourceError:
            continue
        alike = [row for row in lacking if (row.last_good, row.first_bad) == (good, bad)]
        found |= {row.id: _first(_changes(row.architecture, before, after)) for row in alike}
    if found:
        _enter(database, found, {row.id: (row.last_good, row.first_bad) for row in lacking}, now)
    return len(found)


def _enter(
    database: Database, found: Mapping[int, tuple[str, str]], ends: Mapping[int, tuple[str, str]], now: datetime
) -> None:
    """Enter what was found, where the range is still the one that it was found for."""
    with database.write(in_turn=True) as session:
        rows = session.scalars(
            select(Regression).where(Regression.id.in_(found), Regression.definition.is_(None))
        ).all()
        for row in rows:
            if (row.last_good, row.first_bad) != ends[row.id]:
                continue
            row.definition, row.place = found[row.id]
            if row.definition == CONVERTER:  # then it is not the model's code that made the other bundle
                update_cell(session, CellKey(row.architecture_id, row.device_type_id, row.policy), now, asking=False)


def _changes(
    architecture: Architecture, before: Mapping[Discovered, Closure], after: Mapping[Discovered, Closure]
) -> Sequence[Changed]:
    old = next((c for a, c in before.items() if a.key == architecture.key), None)
    named, now = next(((a, c) for a, c in after.items() if a.key == architecture.key), (None, None))
    if old is None or now is None or named is None or old.hash == now.hash:
        return ()
    return all_changes(named, old, now)


def _first(changes: Sequence[Changed]) -> tuple[str, str]:
    """Full name of the nearest change, and where it is, for people."""
    if not changes:
        return NOTHING, ""
    first, *others = changes
    more = f" (and {len(others)} more)" if others else ""
    return first.definition[:512], f"{first.chain[-1]}{more}"[:1024]
