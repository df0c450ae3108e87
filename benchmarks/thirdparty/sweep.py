"""The sweep: each network converted in a child process, replayed on the NumPy device, and its row added to a file."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from benchmarks.thirdparty.convert import convert_in_child
from benchmarks.thirdparty.row import Row, judged, read_rows
from farm.inventory import load_inventory
from workers.processes.attempt import AttemptRequest, Limits, run_attempt

INVENTORY = Path(__file__).parents[2] / "inventory.yaml"
DEVICE = "numpy"
TIME_S = 300.0
MEMORY_BYTES = 12 << 30


@dataclass(frozen=True, slots=True)
class Run:
    """A run that appends to ``results``; ``again`` says of a row from an earlier run whether the network has its turn anew."""

    results: Path
    time_s: float = TIME_S
    memory_bytes: int = MEMORY_BYTES
    again: str = "never"

    def due(self, architectures: Iterable[str]) -> list[str]:
        """The networks that are to have a turn."""
        known = read_rows(self.results)
        return [a for a in architectures if a not in known or self.again == "all" or self._failed(known[a])]

    def _failed(self, row: Row) -> bool:
        return self.again == "failed" and not row.passed

    def rows(self, architectures: Iterable[str]) -> Iterator[Row]:
        """Give each network that is due its turn; a run that was stopped goes on where it was."""
        for architecture in self.due(architectures):
            row = turn(architecture, time_s=self.time_s, memory_bytes=self.memory_bytes)
            with self.results.open("a", encoding="utf-8") as file:
                file.write(row.to_line())
            yield row


def turn(architecture: str, *, time_s: float = TIME_S, memory_bytes: int = MEMORY_BYTES) -> Row:
    """Convert one network into a temporary folder and replay it as the farm does, by the policy of the NumPy device."""
    inventory = load_inventory(INVENTORY)
    device = inventory.device(DEVICE)
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        row, identity = convert_in_child(architecture, bundle, time_s=time_s, memory_bytes=memory_bytes)
        row = replace(row, versions={**row.versions, "commit": _commit()})
        if not identity:
            return row
        started = time.perf_counter()
        limits = Limits(device.limits.time_s, device.limits.memory_mib << 20)
        request = AttemptRequest(
            str(bundle),
            identity,
            device.driver,
            device.profile,
            inventory.policy_of(DEVICE),
            limits,
            secrets.token_hex(16),
        )
        return judged(row, run_attempt(request), time.perf_counter() - started)


@cache
def _commit() -> str:
    """The commit of this code, with a mark where files differ from it; ``""`` outside a repository."""
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    said = subprocess.run(command, cwd=INVENTORY.parent, capture_output=True, text=True, check=False)
    return said.stdout.strip()
