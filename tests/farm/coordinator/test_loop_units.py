"""What the coordinator hears of units, and tells them."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import func, select

from farm.coordinator.loop import Coordinator
from farm.database.engine import Database
from farm.database.models import Device
from farm.errors import BrokerFullError
from farm.inventory import Inventory
from farm.protocol import CheckedMessage, CheckMessage, ControlMessage, HeartbeatMessage, Message
from tests.farm.coordinator.wire import Attended, Delivered, Wire
from tests.farm.rows import submit


def heartbeat(device_type: str = "numpy", *, accepting: bool = True) -> HeartbeatMessage:
    return HeartbeatMessage(device_type, "unit-1", "host", 10.0, True, accepting, None, None, None)


def rounds(coordinator: Coordinator, wire: Wire) -> list[ControlMessage | CheckMessage]:
    """What a round of the coordinator tells units."""
    before = len(wire.told)
    coordinator.step()
    return wire.told[before:]


def test_work_waits_for_a_unit_and_a_unit_is_told_what_it_does_not_do(database: Database, inventory: Inventory) -> None:
    wire = Attended()
    coordinator = Coordinator(database, inventory, wire)
    submit(database, inventory, ["net"])
    wire.arriving.append(heartbeat(accepting=False))
    assert coordinator.step()
    assert wire.sent == []
    coordinator = Coordinator(database, inventory, wire)  # which looks after the units at once
    (check,) = rounds(coordinator, wire)
    assert isinstance(check, CheckMessage)
    assert wire.sent == []
    wire.arriving.append(CheckedMessage(check.check, check.token, "numpy", "unit-1", "", False, {}))
    coordinator.step()
    (order,) = rounds(Coordinator(database, inventory, wire), wire)
    assert order == ControlMessage("numpy", "unit-1", True, "", None)
    assert [m.device_type for m in wire.sent] == ["numpy"]
    assert rounds(Coordinator(database, inventory, wire), wire) == []
    assert all(delivered.acknowledged for delivered in wire.delivered)


def test_a_check_that_could_not_be_sent_is_made_as_soon_as_it_can(
    database: Database, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the unit would do nothing until the lease of a check that it never heard of runs out."""
    wire = Attended()
    wire.arriving.append(heartbeat())
    Coordinator(database, inventory, wire).step()
    wire.full = True
    with pytest.raises(BrokerFullError):
        Coordinator(database, inventory, wire).step()
    wire.full = False
    (check,) = (m for m in rounds(Coordinator(database, inventory, wire), wire) if isinstance(m, CheckMessage))
    wire.arriving.append(CheckedMessage(check.check, check.token, "numpy", "unit-1", "", False, {}))
    Coordinator(database, inventory, wire).step()
    with database.read() as session:
        assert session.scalars(select(Device.health)).one() == "good"
    wire.arriving.append(CheckedMessage(check.check, check.token, "numpy", "unit-1", "", False, {}))
    with caplog.at_level("WARNING"):
        Coordinator(database, inventory, wire).step()
    assert caplog.messages == [
        "refused a message on results, further ones are counted: an answer to a check of unit unit-1 of device type numpy: "
        "it is signed by another type's key or nobody waits for it any more"
    ]


def test_a_host_of_a_type_that_nobody_knows_is_named_once(
    database: Database, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Attended()
    coordinator = Coordinator(database, inventory, wire)
    with caplog.at_level("WARNING"):
        for _ in range(3):
            wire.arriving.append(msgspec.structs.replace(heartbeat(), device_type="nunpy"))
            coordinator.step()
    assert caplog.messages == [
        "refused a message on results, further ones are counted: a heartbeat of unit unit-1 of device type nunpy, "
        "which is not in the inventory; did you mean numpy?"
    ]


@pytest.mark.parametrize(
    ("message", "signer"),
    [(heartbeat("unheard-of"), None), (heartbeat(), "torch"), (ControlMessage("numpy", "u", True, "", None), None)],
    ids=["a type that the inventory has not", "another type's key", "what only units are told"],
)
def test_what_no_unit_may_say_is_dropped(
    database: Database, inventory: Inventory, message: Message, signer: str | None
) -> None:
    wire = Attended()
    coordinator = Coordinator(database, inventory, wire)
    delivered = Delivered(message, signer=signer)
    wire.receive = lambda timeout_s: None if delivered.acknowledged else delivered  # type: ignore[method-assign]
    assert coordinator.step()
    assert delivered.acknowledged
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Device)) == 0


def test_a_heartbeat_that_fits_into_no_database_is_dropped_and_blocks_nothing(
    database: Database, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Attended()
    wire.arriving += (msgspec.structs.replace(heartbeat(), at_once=2**80), heartbeat())
    Coordinator(database, inventory, wire).step()
    assert "a HeartbeatMessage cannot be entered, and is dropped" in caplog.messages
    assert all(delivered.acknowledged for delivered in wire.delivered)
    with database.read() as session:
        assert session.scalars(select(Device.at_once)).one() is None
