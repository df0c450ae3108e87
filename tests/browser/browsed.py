"""A real farm to look at: Redis, a coordinator, three hosts, three commits of which the second broke something, the pages.

``board`` computes GELU wrongly, ``stick`` lacks an op, and its only unit was drained before the last submission.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcore.checkpoints import CheckpointStore, Metadata
from tests.acceptance.farm_processes import BIN, Farm, ModelRepository
from tests.acceptance.tiny import write_tiny
from tests.servers import redis_server

BLOCK = "models/basicblocks/block.py"
SMALL = "models/networks/small.py"
DEVICES = """\
  numpy: {driver: numpy, policy: fp32, limits: {time_s: 60, memory_mib: 2048}}
  board: {driver: numpy, policy: fp32, profile: {faults: [{name: wrong_kernel, op: gelu}]}}
  stick: {driver: numpy, policy: fp32, profile: {missing_ops: [adaptive_avg_pool2d]}}
"""
WITHIN_S = 120


@dataclass(frozen=True)
class Browsed:
    """The farm, its pages' address, the commits that were submitted, two submissions, a checkpoint."""

    farm: Farm
    repository: ModelRepository
    address: str
    good: str
    bad: str
    last: str
    broken: str
    waiting: str
    checkpoint: str

    def cell(self, name: str, device: str) -> dict[str, Any]:
        """Of the table at the last commit."""
        (cell,) = (cell for cell in self.farm.document("status", name)["cells"] if cell["device"] == device)
        return cell


def done(farm: Farm, *arguments: str, code: int = 0) -> str:
    """A command's output; it must end with ``code``."""
    ended = farm.run(*arguments)
    assert ended.returncode == code, f"{arguments}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def write(root: Path) -> None:
    """The tiny repository with other devices."""
    write_tiny(root)
    head, _, rest = (root / "inventory.yaml").read_text().partition("devices:\n")
    (root / "inventory.yaml").write_text(f"{head}devices:\n{DEVICES}{rest[rest.index('conversion:') :]}")


@contextmanager
def browsed_farm(folder: Path) -> Iterator[Browsed]:
    """It at work, with one submission under way that waits for the drained unit."""
    repository = ModelRepository(folder / "repository", write)
    for name in ("logs", "store"):
        (folder / name).mkdir()
    with redis_server(folder) as broker:
        environment = {
            "FARM_BROKER_URL": broker,
            "FARM_STORE_URL": (folder / "store").as_uri(),
            "FARM_HEARTBEAT_S": "0.5",
            "FARM_CHECKPOINTS": str(folder / "checkpoints"),
        }
        farm = Farm(repository.root, folder / "logs", environment)
        try:
            yield _filled(repository, farm, folder)
        finally:
            with ThreadPoolExecutor() as at_once:
                list(at_once.map(farm.stop, farm.started))


def _filled(repository: ModelRepository, farm: Farm, folder: Path) -> Browsed:
    with ThreadPoolExecutor() as at_once:
        starts = [at_once.submit(farm.start_coordinator)]
        starts += [at_once.submit(farm.start_host, device, folder / device) for device in ("numpy", "board", "stick")]
        checkpoint = _saved(folder / "checkpoints")
        for start in starts:
            start.result()
    farm.start("web", [str(BIN / "farm"), "web", "--port", "0"], repository.root, "the pages are at ")
    found = re.search(r"http://127\.0\.0\.1:\d+/", farm.said("web"))
    assert found, farm.said("web")
    wait = ("--wait", "--timeout", str(WITHIN_S))
    good = repository.git("rev-parse", "HEAD")
    done(farm, "submit", "--all", *wait)
    text = (repository.root / BLOCK).read_text()
    (repository.root / BLOCK).write_text(text.replace("ReLU", "GELU"))
    bad = repository.commit("Use GELU in the block")
    broken = json.loads(done(farm, "submit", "--changed-since", "HEAD~1", "--json", *wait, code=1))["submission"]
    done(farm, "devices", "drain", "stick-host", "--reason", "new firmware")
    repository.replace(SMALL, "Conv2d(3, 16, 3)", "Conv2d(3, 24, 3)")
    last = repository.commit("Widen wide")
    waiting = json.loads(done(farm, "submit", "--changed-since", "HEAD~1", "--json"))["submission"]
    browsed = Browsed(farm, repository, found[0], good, bad, last, broken, waiting, checkpoint)
    deadline = time.monotonic() + WITHIN_S
    while browsed.cell("wide", "board")["provenance"] != "observed":
        assert time.monotonic() < deadline, farm.said("coordinator")
        time.sleep(0.2)
    return browsed


def _saved(folder: Path) -> str:
    """A checkpoint of the network that stands in the table; its id."""
    with CheckpointStore(folder) as store:
        return store.add(
            {"fc.weight": np.ones((10, 8), np.float32)},
            network="tiny",
            kind="network",
            task="classification",
            metadata=Metadata(metrics={"top1": 0.71}, dataset="digits", tags=("release",)),
            parts={"fc.weight": "head"},
        ).id
