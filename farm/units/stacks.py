"""Which stacks the units of a device type have now: what each of them reported last.

The inventory says how many units of a type work at a time, so as many count, those heard of last: what was replaced, or comes
back under another name, drops out by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from farm.clock import utc_now
from farm.database.among import among
from farm.database.models import Stack, UnitStack
from farm.database.models.base import table_of
from farm.database.statements import Statement, ask, put
from workers.stack import stack_hash

#: The stack of an attempt that ended before a driver told its own.
UNKNOWN = stack_hash({})


def _recorded(insert: Any) -> Any:
    return insert(table_of(Stack)).on_conflict_do_nothing(index_elements=[Stack.hash])


def _heard(insert: Any) -> Any:
    said = insert(table_of(UnitStack))
    stays = table_of(UnitStack).c.stack == said.excluded.stack
    since = case((stays, table_of(UnitStack).c.since), else_=said.excluded.since)
    now = {"stack": said.excluded.stack, "since": since, "seen": said.excluded.seen}
    return said.on_conflict_do_update(index_elements=[UnitStack.device_type_id, UnitStack.device_id], set_=now)


_RECORDED = Statement(_recorded(sqlite.insert), postgresql=_recorded(postgresql.insert))
_HEARD = Statement(_heard(sqlite.insert), postgresql=_heard(postgresql.insert))
_HEARD_OF = Statement(
    select(UnitStack.device_type_id, UnitStack.stack, UnitStack.since)
    .where(among(UnitStack.device_type_id, "types"))
    .order_by(UnitStack.seen.desc(), UnitStack.device_id)
)


def record_stack(session: Session, fingerprint: Mapping[str, str]) -> str:
    """The hash of a stack, whose row is made where it is new."""
    digest = stack_hash(fingerprint)
    record_stacks(session, {digest: fingerprint})
    return digest


def record_stacks(session: Session, fingerprints: Mapping[str, Mapping[str, str]]) -> None:
    """Make the rows of those stacks, by hash, that are new."""
    now = utc_now()
    rows = [{"hash": h, "fingerprint": dict(each), "recorded": now} for h, each in fingerprints.items()]
    put(session, _RECORDED, rows)


def hear_stack(session: Session, device_type_id: int, device_id: int, stack: str, now: datetime) -> None:
    """A unit, driven as the device type's configuration says, has this stack."""
    hear_stacks(session, {(device_type_id, device_id): (stack, now)})


def hear_stacks(session: Session, heard: Mapping[tuple[int, int], tuple[str, datetime]]) -> None:
    """:func:`hear_stack` of many, by device type's configuration and unit, in one statement."""
    if not heard:
        return
    session.flush()  # the units may be new
    rows = [
        {"device_type_id": device_type, "device_id": device, "stack": stack, "since": now, "seen": now}
        for (device_type, device), (stack, now) in heard.items()
    ]
    put(session, _HEARD, rows)


def present_stacks(session: Session, device_type_id: int, units: int) -> tuple[str, ...]:
    """Hashes of the stacks of the ``units`` units that were heard of last; the stack that was rolled out last comes first."""
    return stacks_by_type(session, {device_type_id: units})[device_type_id]


def stacks_by_type(session: Session, units: Mapping[int, int]) -> dict[int, tuple[str, ...]]:
    """:func:`present_stacks` of several device types; ``units`` has how many of each count, by its row."""
    heard: dict[int, list[tuple[datetime, str]]] = {device_type: [] for device_type in units}
    for device_type, stack, since in ask(session, _HEARD_OF, {"types": units}).rows:
        if len(of_type := heard[device_type]) < units[device_type]:
            of_type.append((since, stack))
    return {
        device_type: tuple(dict.fromkeys(stack for _, stack in sorted(of_type, key=itemgetter(0), reverse=True)))
        for device_type, of_type in heard.items()
    }
