from __future__ import annotations

from datetime import timedelta

import pytest

from farm.database.engine import Database
from farm.details.architecture import ArchitectureRecord, find_kind, read_architecture
from farm.errors import NotFoundError, NothingRecordedError, UsageError
from farm.inventory import Inventory
from farm.states.wait_reason import WaitReason
from tests.farm.conftest import Scratch
from tests.farm.rows import SAMPLES, START, judge, sha256, submit
from tests.farm.tinyfarm import BLOCK, tiny_farm

DAY = timedelta(days=1)


def read(
    database: Database, inventory: Inventory, commit: str = "c1", kind: str = "network", name: str = "net"
) -> ArchitectureRecord:
    with database.read() as session:
        return read_architecture(session, inventory, commit, kind, name, START, attended=True)


def test_what_it_became_and_what_it_was_before(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], "c1", version="1")
    judge(database, inventory)
    submit(database, inventory, ["net"], "c2", version="2", date=START + DAY)
    submit(database, inventory, ["net"], "c3", version="1", date=START + 2 * DAY)
    found = read(database, inventory, "c2")
    assert (found.commit, found.subject, found.dirty, found.definition) == (
        "c2",
        "s",
        False,
        ("models/networks/x.py", 1),
    )
    assert found.bundle is not None
    assert (found.bundle.identity, found.bundle.resolutions, found.bundle.size_bytes) == (
        sha256("bundle net2"),
        SAMPLES,
        10,
    )
    assert [(b.identity, b.commit, b.commits) for b in found.bundles] == [(sha256("bundle net1"), "c3", 2)]
    assert [entry.commit for entry in found.history.entries] == ["c3", "c2", "c1"]
    assert [step.commit for step in found.series[0].steps] == ["c1", "c2", "c3"]
    assert {device: job.waits for device, job in found.jobs.items()} == {
        "numpy": WaitReason.NO_COORDINATOR,
        "torch": WaitReason.NO_COORDINATOR,
    }
    assert read(database, inventory, "c3").jobs == {}


def test_without_a_bundle_there_is_none(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"], state="queued")
    found = read(database, inventory)
    assert (found.bundle, found.bundles, found.jobs) == (None, (), {})
    assert {cell.state for cell in found.row.cells.values()} == {"conversion queued"}


def test_the_reason_of_its_selection_comes_with_the_chain(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    farm.submit()
    farm.edit(BLOCK, "channels: int = 8", "channels: int = 9")
    commit = scratch.commit({}, "Widen the block")
    farm.submit(since="HEAD~1")
    found = read(database, farm.inventory, commit, name="tiny")
    assert found.row.reason.startswith("changed: Block")
    assert [(link.definition, link.file) for link in found.chain] == [
        ("models.networks.small.tiny", "models/networks/small.py"),
        ("models.basicblocks.block.Block", BLOCK),
    ]
    assert found.definition[0] == "models/networks/small.py"


def test_an_architecture_is_found_by_its_name_and_where_need_be_its_kind(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["net", "resnet50"])
    submit(database, inventory, ["net"], kind="block", submitted=START + DAY)
    with database.read() as session:
        assert find_kind(session, "c1", "resnet50") == "network"
        with pytest.raises(UsageError, match="say network:net or block:net"):
            find_kind(session, "c1", "net")
        with pytest.raises(NotFoundError, match="did you mean resnet50"):
            find_kind(session, "c1", "resnet5")
    assert read(database, inventory, kind="block").row.kind == "block"
    with pytest.raises(NotFoundError, match="no architecture named 'block:resnet50'; did you mean"):
        read(database, inventory, kind="block", name="resnet50")
    with pytest.raises(NothingRecordedError, match="nothing is recorded of c9"):
        read(database, inventory, "c9")
