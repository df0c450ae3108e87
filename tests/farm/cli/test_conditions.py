"""A whole search by the commands: devices with limits of their own, real conversions, real replays on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import yaml
from sqlalchemy import select

from farm.database.engine import open_database
from farm.database.models import Bundle, Conversion, Job, Probe, Verdict
from farm.settings import Settings
from tests.acceptance.tiny import INVENTORY
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from workers.artifacts import open_store
from workers.artifacts.store import MARK_SHA256

#: What each device asks for.
PROFILES = {
    "little": {"memory_mib": 0.04},
    "both": {"width_multiple_of": 8, "memory_mib": 0.04},
}
#: What the network needs of ``little`` a pixel (reads 8 channels and makes 8), and for its weights at most.
PIXEL_BYTES, WEIGHT_BYTES = 64, 1400


def one_network(repository: Scratch) -> None:
    """The network ``tiny`` alone, and a device type for each profile."""
    inventory = yaml.safe_load(INVENTORY)
    common = inventory["devices"]["numpy"]
    inventory["devices"] = {name: {**common, "profile": profile} for name, profile in PROFILES.items()}
    repository.commit(
        {
            "inventory.yaml": yaml.safe_dump(inventory),
            "models/networks/__init__.py": 'from models.networks.small import tiny\n\n__all__ = ["tiny"]\n',
            "models/basicblocks/__init__.py": "__all__ = []\n",
        }
    )


def needed_bytes(size: str) -> int:
    """Of ``14x21`` or ``14x21, batch 2``."""
    height, width, batch = re.fullmatch(r"(\d+)x(\d+)(?:, batch (\d))?", size).groups(default="1")
    return PIXEL_BYTES * int(height) * int(width) * int(batch)


def test_the_condition_of_each_device_is_found_and_said(tiny: Scratch, farm: Callable[..., Said]) -> None:
    one_network(tiny)
    submitted = farm("submit", "--all", "--timeout", "200")
    assert submitted.code == 1, submitted.err
    assert submitted.err.count("farm: network:tiny converted") == 1
    assert "farm: network:tiny is tried at " in submitted.err

    status = json.loads(farm("status", "tiny", "--json").out)
    cells: dict[str, Any] = {cell["device"]: cell for cell in status["cells"]}
    assert {cell["verdict"] for cell in cells.values()} == {"PARTIAL"}
    conditions = {device: cell["condition"] for device, cell in cells.items()}
    little = conditions["little"]
    assert re.fullmatch(r"fails above 0\.0\d+ MiB of activation", little["text"])
    limit = 0.04 * 2**20
    assert needed_bytes(little["nearest_pass"]) <= limit < needed_bytes(little["nearest_fail"]) + WEIGHT_BYTES
    assert min(little["passes"], little["fails"]) >= 3
    assert (conditions["both"]["text"], conditions["both"]["fits"]) == ("no condition fits", False)

    said = farm("status", "tiny").out
    assert f"condition: {little['text']} (" in said
    assert "condition: no condition fits (" in said
    assert f"| ◐ PARTIAL ({little['text']}) [observed] |" in farm("table", "--format", "md").out
    jobs = farm("jobs", "--state", "all").out.splitlines()[1:]
    assert sum("network:tiny (probe)" in line for line in jobs) == len(jobs) - len(PROFILES) >= len(PROFILES)
    again = farm("submit", "--all", "--timeout", "200")
    assert "tried" not in again.err, "a search is made once"

    _nothing_else_is_left_behind(tiny)


def _nothing_else_is_left_behind(repository: Scratch) -> None:
    """Weights are stored once, a probe's bundle has no verdict and no unit has run one before its time."""
    settings = Settings.load(repository.root)
    database = open_database(settings.database_url)
    with database.read() as session:
        bundles = session.scalars(select(Bundle)).all()
        probes = session.scalars(select(Probe)).all()
        own = {verdict.bundle for verdict in session.scalars(select(Verdict))}
        assert len(own) == 1
        assert {probe.made for probe in probes if probe.made} == {bundle.identity for bundle in bundles} - own
        assert len({(bundle.graph, bundle.weights) for bundle in bundles}) == 1
        assert {job.state for job in session.scalars(select(Job))} == {"done"}
        assert session.scalars(select(Conversion.state)).all() == ["done"]
    database.close()
    files = {sha256 for bundle in bundles for sha256 in (*bundle.files, bundle.manifest)}
    stored = {entry.sha256 for entry in open_store(settings.store_url).list() if entry.sha256} - {MARK_SHA256}
    assert files == stored
    # The graph, the weights and the three own samples are shared.
    shared = set.intersection(*(set(bundle.files) for bundle in bundles))
    assert len(shared) == 5
