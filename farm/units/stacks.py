"""Which stacks the units of a device type have now: what each of them reported last.

The inventory says how many units of a type work at a time, so as many count, those heard of last: what was replaced, or comes
back under another name, drops out by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter

from sqlalchemy import bindparam, case, insert, select, update
from sqlalchemy.orm import Session

from farm.database.models import Stack, UnitStack
from farm.database.models.base import UtcDateTime, table_of
from farm.database.padding import padded
from workers.stack import stack_hash

#: The stack of an attempt that ended before a driver told its own.
UNKNOWN = stack_hash({})

_KNOWN = select(Stack.hash).where(Stack.hash.in_(bindparam("hashes", expanding=True)))
_HEARD = (
    update(table_of(UnitStack))
    .where(UnitStack.device_type_id == bindparam("type"), UnitStack.device_id == bindparam("device"))
    .values(
        since=case(
            (UnitStack.stack == bindparam("now_has"), UnitStack.since), else_=bindparam("now", type_=UtcDateTime())
        ),
        stack=bindparam("now_has"),
        seen=bindparam("now", type_=UtcDateTime()),
    )
)
_UNITS = select(UnitStack.device_type_id, UnitStack.device_id).where(
    UnitStack.device_id.in_(bindparam("devices", expanding=True))
)
_HEARD_OF = (
    select(UnitStack.device_type_id, UnitStack.stack, UnitStack.since)
    .where(UnitStack.device_type_id.in_(bindparam("types", expanding=True)))
    .order_by(UnitStack.seen.desc(), UnitStack.device_id)
)


def record_stack(session: Session, fingerprint: Mapping[str, str]) -> str:
    """The hash of a stack, whose row is made where it is new."""
    digest = stack_hash(fingerprint)
    record_stacks(session, {digest: fingerprint})
    return digest


def record_stacks(session: Session, fingerprints: Mapping[str, Mapping[str, str]]) -> None:
    """Make the rows of those stacks, by hash, that are new."""
    if not fingerprints:
        return
    known = set(session.connection().scalars(_KNOWN, {"hashes": list(fingerprints)}))
    new = [{"hash": h, "fingerprint": dict(each)} for h, each in fingerprints.items() if h not in known]
    if new:
        session.connection().execute(insert(table_of(Stack)), new)


def hear_stack(session: Session, device_type_id: int, device_id: int, stack: str, now: datetime) -> None:
    """A unit, driven as the device type's configuration says, has this stack."""
    hear_stacks(session, {(device_type_id, device_id): (stack, now)})


def hear_stacks(session: Session, heard: Mapping[tuple[int, int], tuple[str, datetime]]) -> None:
    """:func:`hear_stack` of many, by device type's configuration and unit, in one statement where none of them is new."""
    if not heard:
        return
    session.flush()  # the units may be new
    said = [
        {"type": device_type, "device": device, "now_has": stack, "now": now}
        for (device_type, device), (stack, now) in heard.items()
    ]
    if session.connection().execute(_HEARD, said).rowcount == len(said):
        return
    rows = session.connection().execute(_UNITS, {"devices": padded(device for _, device in heard)})
    known = {(device_type, device) for device_type, device in rows}
    new = [
        {"device_type_id": device_type, "device_id": device, "stack": stack, "since": now, "seen": now}
        for (device_type, device), (stack, now) in heard.items()
        if (device_type, device) not in known
    ]
    session.connection().execute(insert(table_of(UnitStack)), new)


def present_stacks(session: Session, device_type_id: int, units: int) -> tuple[str, ...]:
    """Hashes of the stacks of the ``units`` units that were heard of last; the stack that was rolled out last comes first."""
    return stacks_by_type(session, {device_type_id: units})[device_type_id]


def stacks_by_type(session: Session, units: Mapping[int, int]) -> dict[int, tuple[str, ...]]:
    """:func:`present_stacks` of several device types; ``units`` has how many of each count, by its row."""
    heard: dict[int, list[tuple[datetime, str]]] = {device_type: [] for device_type in units}
    for device_type, stack, since in session.connection().execute(_HEARD_OF, {"types": list(units)}):
        if len(of_type := heard[device_type]) < units[device_type]:
            of_type.append((since, stack))
    return {
        device_type: tuple(dict.fromkeys(stack for _, stack in sorted(of_type, key=itemgetter(0), reverse=True)))
        for device_type, of_type in heard.items()
    }
