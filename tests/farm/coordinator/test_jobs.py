"""Jobs for many bundles: the same needs as one by one, and no more queries than for one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator.jobs import Need, Wanted, want_all_verdicts, want_verdicts
from farm.database.engine import Database
from farm.database.models import Job, Snapshot, Submission
from farm.inventory import Inventory
from tests.farm.rows import START, job_states, judge, submit
from tests.farm.statements import counted
from workers.outcome import Outcome

NAMES = [f"net{i}" for i in range(12)]


def wanted(session: Session, names: int) -> tuple[Submission, list[Wanted]]:
    submission = session.scalars(select(Submission)).one()
    snapshots = session.scalars(select(Snapshot).order_by(Snapshot.architecture_id).limit(names)).all()
    return submission, [Wanted(s.architecture_id, s.bundle, 0) for s in snapshots if s.bundle]


def queued_anew(database: Database, inventory: Inventory, names: int) -> list[str]:
    """The statements that queue jobs of so many bundles; what they queued is not kept."""
    with counted(database) as said, Session(database.engine) as session:
        submission, bundles = wanted(session, names)
        needs = want_all_verdicts(session, inventory, submission, bundles, START)
    assert needs == [(device, Need.QUEUED) for _ in range(names) for device in inventory.devices]
    return said


def test_many_bundles_take_as_many_statements_as_one(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, NAMES)
    judge(database, inventory, Outcome.INFRA_ERROR)  # says nothing of the product: a job is needed again
    one, many = queued_anew(database, inventory, 1), queued_anew(database, inventory, len(NAMES))
    assert len(many) == len(one), "\n".join(many)


@pytest.mark.parametrize(
    ("outcome", "need"),
    [
        (Outcome.PASS, Need.INHERITED),
        (Outcome.MISMATCH, Need.INHERITED_FAILURE),
        (Outcome.INFRA_ERROR, Need.QUEUED),
        (None, Need.ALREADY_OPEN),
    ],
)
def test_the_need_of_each_is_that_of_one_alone(
    database: Database, inventory: Inventory, outcome: Outcome | None, need: Need
) -> None:
    submit(database, inventory, NAMES[:2])
    if outcome is not None:
        judge(database, inventory, outcome)
    with database.write() as session:
        submission, both = wanted(session, 2)
        alone = want_verdicts(session, inventory, submission, both[0].architecture_id, both[0].bundle, 0, START)
        assert alone == dict.fromkeys(inventory.devices, need)
        again = need if need is not Need.QUEUED else Need.ALREADY_OPEN
        assert want_all_verdicts(session, inventory, submission, both, START) == [
            *((device, again) for device in inventory.devices),
            *((device, need) for device in inventory.devices),
        ]


def test_a_bundle_that_two_architectures_share_is_queued_once(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net", "same"], selected=False)
    with database.write() as session:
        submission, (first, second) = wanted(session, 2)
        shared: Sequence[Wanted] = (first, Wanted(second.architecture_id, first.bundle, 1))
        needs = [need for _, need in want_all_verdicts(session, inventory, submission, shared, START)]
        assert needs == [Need.QUEUED, Need.QUEUED, Need.ALREADY_OPEN, Need.ALREADY_OPEN]
        assert session.scalars(select(Job.architecture_id)).all() == [first.architecture_id] * 2
    assert set(job_states(database)) == {("net", "numpy"), ("net", "torch")}


def test_nothing_wanted_writes_nothing(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], selected=False)
    with counted(database) as said, database.write() as session:
        submission = session.scalars(select(Submission)).one()
        before = len(said)
        assert want_all_verdicts(session, inventory, submission, (), START) == []
        assert len(said) == before
