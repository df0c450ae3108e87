"""The coordinator's rounds among the units, and what they say of themselves: each a transaction of its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from farm.coordinator.checkups import begin_check, due_checks, expire_checks, hear_check, take_back
from farm.database.engine import Database
from farm.database.models import Device
from farm.errors import near
from farm.inventory import Inventory
from farm.protocol import CheckedMessage, CheckMessage, ControlMessage, HeartbeatMessage, Message
from farm.units.presence import hear, in_vain, orders

log = logging.getLogger("farm.coordinator")


def attend(
    database: Database, inventory: Inventory, now: datetime, margin_s: float
) -> list[ControlMessage | CheckMessage]:
    """What units are to be told now: to take attempts or none, and to be checked."""
    with database.read() as session:
        if not (orders(session, inventory, now) or due_checks(session, inventory, now) or in_vain(session, now)):
            return []  # as most often: then no writer is kept waiting
    messages: list[ControlMessage | CheckMessage] = []
    with database.write(in_turn=True) as session:
        for device, order in orders(session, inventory, now):
            device.told = now
            messages.append(order)
            what = "take attempts" if order.accept else f"take none ({order.reason})"
            log.info("unit %s of %s is told to %s", device.unit, device.device_type, what, extra=_about(device))
        for attempt in in_vain(session, now):
            attempt.lease_until = now
        for device, why in due_checks(session, inventory, now):
            messages.append(begin_check(session, inventory, device, now, margin_s))
            log.info("unit %s of %s is checked: %s", device.unit, device.device_type, why, extra=_about(device))
    return messages


def take_back_unsent(
    database: Database, inventory: Inventory, unsent: Sequence[ControlMessage | CheckMessage], now: datetime
) -> None:
    """Forget checks that could not be sent. An order needs no such thing: it is given again after the next heartbeat."""
    checks = [message for message in unsent if isinstance(message, CheckMessage)]
    if not checks:
        return
    with database.write(in_turn=True) as session:
        take_back(session, inventory, checks, now)


def sweep_checks(database: Database, now: datetime) -> int:
    """Give up checks that were not answered in time; how many."""
    with database.write(in_turn=True) as session:
        return expire_checks(session, now)


def hear_unit(
    database: Database, inventory: Inventory, message: Message, now: datetime, signer: str | None, margin_s: float
) -> bool:
    """Enter what a unit says of itself; ``False`` for what no unit of the inventory may say, or says by another type's key."""
    if not isinstance(message, HeartbeatMessage | CheckedMessage):
        return False
    if message.device_type not in inventory.devices or signer not in (None, message.device_type):
        return False
    if isinstance(message, HeartbeatMessage):
        with database.write(in_turn=True) as session:
            news = hear(session, message, now, margin_s=margin_s)
        if news:
            about = {"unit": message.unit, "device": message.device_type}
            log.warning("unit %s of %s: %s", message.unit, message.device_type, news, extra=about)
        return True
    with database.write(in_turn=True) as session:
        heard = hear_check(session, inventory, message, now)
    if heard:
        _say_how_it_went(message)
    return heard


def why_unheard(inventory: Inventory, message: Message) -> str:
    """Why what a unit said was not entered."""
    if not isinstance(message, HeartbeatMessage | CheckedMessage):
        return f"{type(message).__name__}: units say no such thing"
    what = "a heartbeat" if isinstance(message, HeartbeatMessage) else "an answer to a check"
    said = f"{what} of unit {message.unit} of device type {message.device_type}"
    if message.device_type not in inventory.devices:
        return f"{said}, which is not in the inventory{near(message.device_type, inventory.devices)}"
    late = " or nobody waits for it any more" if isinstance(message, CheckedMessage) else ""
    return f"{said}: it is signed by another type's key{late}"


def _say_how_it_went(message: CheckedMessage) -> None:
    about = {"unit": message.unit, "device": message.device_type}
    if message.failure:
        how = "is unclear" if message.outside else "failed"
        log.warning(
            "unit %s of %s: its check %s: %s", message.unit, message.device_type, how, message.failure, extra=about
        )
    else:
        log.info("unit %s of %s: its check passed", message.unit, message.device_type, extra=about)


def _about(device: Device) -> dict[str, str]:
    """What a record on a unit is about, for logs that are gathered."""
    return {"unit": device.unit, "device": device.device_type}
