"""Every record is the same on both databases."""

from __future__ import annotations

import pytest

from farm.database.engine import Database
from farm.details.architecture import read_architecture
from farm.details.attempt import read_attempt
from farm.details.device import read_device
from farm.details.submission import read_submission
from farm.details.unit import read_unit
from farm.inventory import Inventory
from tests.farm import databases
from tests.farm.rows import START, judge, submit
from workers.outcome import Cause, Outcome

database = databases.database


@pytest.mark.usefixtures("database")
def test_what_is_read_of_a_failure(database: Database, inventory: Inventory) -> None:
    submission = submit(database, inventory, ["net"])
    attempts = judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK, unit="bench-1")
    with database.read() as session:
        attempt = read_attempt(session, attempts[0][:12])
        unit = read_unit(session, inventory, attempt.device, "bench-1", START)
        device = read_device(session, inventory, attempt.device, START, attended=True, commit="c1")
        whole = read_submission(session, inventory, submission, START, attended=True)
        net = read_architecture(session, inventory, "c1", "network", "net", START, attended=True)
    assert (attempt.attempt.outcome, len(attempt.tries)) == (Outcome.MISMATCH, 2)
    assert (unit.days[-1].told, unit.days[-1].busy_s, len(unit.attempts)) == (2, 1.0, 2)
    assert (device.days[-1].told, [fix.what for fix in device.lacks]) == (2, ["conv2d: wrong result"])
    assert [lane.ended for lane in whole.lanes] == [{"done": 1}, {"done": 1}]
    assert [step.cell.verdict for series in net.series for step in series.steps] == ["FAILED", "FAILED"]
