"""Turning a bundle into jobs: one for each device type that has no verdict on it yet."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator.inheritance import Reprove, Standing, inherited
from farm.coordinator.stacks import present_stacks
from farm.coordinator.states import JobState
from farm.coordinator.verdict import FAILURES
from farm.coordinator.verdict import Verdict as VerdictName
from farm.database.models import DeviceType, Job, Policy, Submission, Verdict
from farm.errors import InventoryError
from farm.inventory import Inventory


class Need(StrEnum):
    """Why a bundle does or does not get a job on a device type."""

    QUEUED = "queued"
    INHERITED = "inherited"
    INHERITED_FAILURE = "inherited failure"
    ALREADY_OPEN = "already open"


def want_verdicts(
    session: Session,
    inventory: Inventory,
    submission: Submission,
    architecture_id: int,
    bundle: str,
    priority: int,
    now: datetime,
    *,
    inherit: bool = True,
) -> dict[str, Need]:
    """Queue what is missing for ``bundle``; a verdict that counts is inherited and costs no device second.

    What counts, and for how long, is in :mod:`farm.coordinator.inheritance`; ``submission`` may ask for more.
    Without ``inherit`` nothing counts: the verdict of an architecture whose conversions differ may be of another bundle.
    """
    return {
        device: _want(session, inventory, device, submission, architecture_id, bundle, priority, now, inherit)
        for device in inventory.devices
    }


def unjudged(session: Session, inventory: Inventory, bundle: str, reprove: Reprove, now: datetime) -> bool:
    """Whether any device type of the inventory has no verdict on ``bundle`` that counts, so that it would be replayed."""
    return any(_counting(session, inventory, device, bundle, reprove, now) is None for device in inventory.devices)


def _counting(
    session: Session, inventory: Inventory, device: str, bundle: str, reprove: Reprove, now: datetime
) -> Standing | None:
    """The verdict that makes a job on a device type superfluous."""
    device_type, policy = device_type_row(session, inventory, device), policy_row(session, inventory, device)
    verdicts = session.scalars(
        select(Verdict).where(
            Verdict.bundle == bundle, Verdict.device_type_id == device_type.id, Verdict.policy == policy.key
        )
    )
    return inherited(
        [standing(verdict) for verdict in verdicts],
        present_stacks(session, device_type.id, inventory.device(device).units),
        now=now,
        failures_for=inventory.inheritance.failures_for,
        reprove=reprove,
    )


def _want(
    session: Session,
    inventory: Inventory,
    device: str,
    submission: Submission,
    architecture_id: int,
    bundle: str,
    priority: int,
    now: datetime,
    inherit: bool,
) -> Need:
    device_type, policy = device_type_row(session, inventory, device), policy_row(session, inventory, device)
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
    reprove = Reprove(submission.reprove)
    found = _counting(session, inventory, device, bundle, reprove, now)
    if inherit and found is not None:
        return Need.INHERITED_FAILURE if found.verdict in FAILURES else Need.INHERITED
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
            measure=reprove is Reprove.ALL,
        )
    )
    session.flush()
    return Need.QUEUED


def standing(verdict: Verdict) -> Standing:
    """The row as a value."""
    return Standing(VerdictName(verdict.verdict), verdict.stack, verdict.proved)


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
