"""Which stacks the units of a device type have now: what each of them reported last.

The inventory says how many units of a type work at a time, so as many count, those heard of last: what was replaced, or comes
back under another name, drops out by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database.models import Stack, UnitStack
from workers.stack import stack_hash

#: The stack of an attempt that ended before a driver told its own.
UNKNOWN = stack_hash({})


def record_stack(session: Session, fingerprint: Mapping[str, str]) -> str:
    """The hash of a stack, whose row is made where it is new."""
    digest = stack_hash(fingerprint)
    if session.get(Stack, digest) is None:
        session.add(Stack(hash=digest, fingerprint=dict(fingerprint)))
        session.flush()
    return digest


def hear_stack(session: Session, device_type_id: int, device_id: int, stack: str, now: datetime) -> None:
    """A unit, driven as the device type's configuration says, has this stack."""
    row = session.get(UnitStack, (device_type_id, device_id))
    if row is None:
        session.add(UnitStack(device_type_id=device_type_id, device_id=device_id, stack=stack, since=now, seen=now))
        session.flush()
    else:
        row.since = row.since if row.stack == stack else now
        row.stack, row.seen = stack, now


def present_stacks(session: Session, device_type_id: int, units: int) -> tuple[str, ...]:
    """Hashes of the stacks of the ``units`` units that were heard of last; the stack that was rolled out last comes first."""
    heard = session.scalars(
        select(UnitStack)
        .where(UnitStack.device_type_id == device_type_id)
        .order_by(UnitStack.seen.desc(), UnitStack.device_id)
        .limit(units)
    ).all()
    return tuple(dict.fromkeys(row.stack for row in sorted(heard, key=lambda row: row.since, reverse=True)))
