"""What the inventory declares, as rows: device types in their present configurations, and the policies they are judged by."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database.models import DeviceType, Policy
from farm.errors import InventoryError
from farm.inventory import Inventory
from workers.policy import Policy as Tolerances


def device_type_rows(session: Session, inventory: Inventory, names: Collection[str]) -> dict[str, DeviceType]:
    """The rows of device types in their present configurations, by name, by one query; their limits follow the inventory."""
    found = {
        (row.name, row.configuration): row
        for row in session.scalars(select(DeviceType).where(DeviceType.name.in_(names)))
    }
    rows = {}
    for name in names:
        device = inventory.device(name)
        row = found.get((name, device.configuration))
        if row is None:
            row = DeviceType(
                name=name, configuration=device.configuration, driver=device.driver, profile=device.profile, limits={}
            )
            session.add(row)
        row.limits = device.limits.model_dump()
        rows[name] = row
    session.flush()
    return rows


def device_type_row(session: Session, inventory: Inventory, name: str) -> DeviceType:
    """:func:`device_type_rows` of one."""
    return device_type_rows(session, inventory, (name,))[name]


def record_policies(session: Session, policies: Iterable[Tolerances]) -> None:
    """Make rows of the policies that are new. One query for all.

    Raises:
        InventoryError: the inventory changed a policy's numbers but not its version.
    """
    wanted = {policy.key: policy for policy in policies}
    known = {row.key: row for row in session.scalars(select(Policy).where(Policy.key.in_(wanted)))}
    for key, policy in wanted.items():
        if key not in known:
            session.add(Policy(key=key, body=policy.to_json()))
        elif Tolerances.from_json(known[key].body) != policy:
            raise InventoryError(
                f"inventory.yaml: policy {policy.name!r} version {policy.version} was used with other numbers before: "
                "a policy never changes; give it the next version"
            )
    session.flush()
