"""Turning a bundle into jobs: one for each device type that has no verdict on it yet."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator.states import JobState
from farm.coordinator.verdict import Verdict as VerdictName
from farm.database.models import DeviceType, Job, Policy, Submission, Verdict
from farm.errors import InventoryError
from farm.inventory import Inventory


class Need(StrEnum):
    """Why a bundle does or does not get a job on a device type."""

    QUEUED = "queued"
    INHERITED = "inherited"
    ALREADY_OPEN = "already open"


def want_verdicts(
    session: Session,
    inventory: Inventory,
    submission: Submission,
    architecture_id: int,
    bundle: str,
    priority: int,
    now: datetime,
) -> dict[str, Need]:
    """Queue what is missing for ``bundle``; a verdict that stands is inherited and costs no device second."""
    return {
        device: _want(session, inventory, device, submission, architecture_id, bundle, priority, now)
        for device in inventory.devices
    }


def unjudged(session: Session, inventory: Inventory, bundle: str) -> bool:
    """Whether any device type of the inventory has no verdict on ``bundle`` that stands, so that it would be replayed."""
    return any(
        not _stands(
            session, bundle, device_type_row(session, inventory, device), policy_row(session, inventory, device)
        )
        for device in inventory.devices
    )


def _stands(session: Session, bundle: str, device_type: DeviceType, policy: Policy) -> bool:
    verdict = session.get(Verdict, (bundle, device_type.id, policy.key))
    return verdict is not None and verdict.verdict != VerdictName.NO_VERDICT


def _want(
    session: Session,
    inventory: Inventory,
    device: str,
    submission: Submission,
    architecture_id: int,
    bundle: str,
    priority: int,
    now: datetime,
) -> Need:
    device_type, policy = device_type_row(session, inventory, device), policy_row(session, inventory, device)
    if _stands(session, bundle, device_type, policy):
        return Need.INHERITED
    open_already = session.scalar(
        select(Job.id).where(
            Job.bundle == bundle,
            Job.device_type_id == device_type.id,
            Job.policy == policy.key,
            Job.state.in_([state for state in JobState if state.open]),
        )
    )
    if open_already is not None:
        return Need.ALREADY_OPEN
    session.add(
        Job(
            submission_id=submission.id,
            bundle=bundle,
            architecture_id=architecture_id,
            device_type_id=device_type.id,
            policy=policy.key,
            state=JobState.QUEUED,
            priority=priority,
            created=now,
        )
    )
    session.flush()
    return Need.QUEUED


def device_type_row(session: Session, inventory: Inventory, name: str) -> DeviceType:
    """The row of a device type in its present configuration; its limits follow the inventory."""
    device = inventory.device(name)
    row = session.scalar(
        select(DeviceType).where(DeviceType.name == name, DeviceType.configuration == device.configuration)
    )
    if row is None:
        row = DeviceType(
            name=name, configuration=device.configuration, driver=device.driver, profile=device.profile, limits={}
        )
        session.add(row)
    row.limits = device.limits.model_dump()
    session.flush()
    return row


def policy_row(session: Session, inventory: Inventory, device: str) -> Policy:
    """The row of the policy that a device type is judged by.

    Raises:
        InventoryError: the inventory changed a policy's numbers but not its version.
    """
    policy = inventory.policy_of(device)
    row = session.get(Policy, policy.key)
    if row is None:
        row = Policy(key=policy.key, body=policy.to_json())
        session.add(row)
        session.flush()
    elif row.body != policy.to_json():
        raise InventoryError(
            f"inventory.yaml: policy {policy.name!r} version {policy.version} was used with other numbers before: "
            "a policy never changes; give it the next version"
        )
    return row
