from __future__ import annotations

from datetime import timedelta

from farm.database.engine import Database
from farm.details.series import series_of
from farm.inventory import Inventory
from farm.states.verdict import Provenance
from farm.table.history import read_history
from tests.farm.rows import START, judge, submit

DAY = timedelta(days=1)


def test_figures_from_commit_to_commit_the_oldest_first(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c1", version="1")
    judge(database, inventory, latency_ms=4.0)
    submit(database, inventory, ["net"], "c2", version="2", date=START + DAY)
    judge(database, inventory, latency_ms=9.0)
    submit(database, inventory, ["net"], "c3", version="2", date=START + 2 * DAY)
    submit(database, inventory, ["net"], "c4", state="queued", date=START + 3 * DAY)
    with database.read() as session:
        numpy, torch = series_of(read_history(session, inventory, "net", None, 9))
    assert (numpy.device, torch.device) == ("numpy", "torch")
    assert [step.commit for step in numpy.steps] == ["c1", "c2", "c3", "c4"]
    assert [step.cell.latency_ms for step in numpy.steps] == [4.0, 9.0, 9.0, 9.0]
    assert (numpy.errors, numpy.margins) == ([1e-6] * 4, [0.4] * 4)
    assert [step.cell.provenance for step in numpy.steps][2:] == [Provenance.INHERITED, Provenance.STALE]
    assert all(step.changed for step in numpy.steps)  # the rows of these tests say so of each
