"""A clone of this repository at its newest commit, so that a commit of the benchmark is nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.inventories import own_inventory, write_inventory
from workers.artifacts import FolderStore
from workers.artifacts.store import MARK

ROOT = Path(__file__).parents[2]
#: Two simulated device types: the NumPy Platform as it is, and as it is when it trades a digit for speed.
DEVICES = {"simulated": ("fp32", "default"), "simulated_fast": ("fp32_fast", "fast")}
#: Small and middle-sized ones of several families; SqueezeNet is among them because the change is of it.
QUICK = (
    *("resnet18", "mobilenetv2", "shufflenet_v2_x1_0", "squeezenet1_0", "squeezenet1_1", "mnasnet1_0"),
    *("regnet_y_400mf", "ghostnet_100", "ENet", "vit_tiny_patch16_224", "mobilenet_v3_small", "FastSCNN"),
)
#: The one line that is changed, of two networks: their scores are halved, so that both have to be run again.
CHANGED = "models/networks/squeezenet.py"
OLD = "return global_average(self.classifier(coarsest))  #"
NEW = "return global_average(self.classifier(coarsest)) * 0.5  #"
_FARM = (sys.executable, "-P", "-c", "from farm.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Clone:
    """A repository with a farm's things in ``.farm``, and the environment of whoever works on it."""

    root: Path
    inventory: Path

    @classmethod
    def make(cls, folder: Path, devices: Sequence[str] = tuple(DEVICES), units: int = 1) -> Clone:
        """Clone into ``folder``, which there must not be."""
        subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(folder)], check=True)
        (folder / ".farm").mkdir()
        # A host that comes before the converter, and finds no store, asks again after a minute only.
        FolderStore(folder / ".farm" / "store").put(MARK)
        made = cls(folder, folder / ".farm" / "inventory.yaml")
        made.declare(devices, units)
        return made

    def declare(self, devices: Sequence[str], units: int = 1) -> None:
        """Let the inventory have these device types, of so many units each."""
        write_inventory(self.inventory, _inventory(devices, units))

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.root / '.farm' / 'farm.sqlite'}"

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Of this process, without settings of another farm."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FARM_")}
        own = {
            "PYTHONPATH": str(ROOT),
            "FARM_DATABASE_URL": self.database_url,
            "FARM_STORE_URL": str(self.root / ".farm" / "store"),
            "FARM_CACHE": str(self.root / ".farm" / "cache"),
            "FARM_INVENTORY": str(self.inventory),
        }
        return {**kept, **own, **more}

    def command(self, *arguments: str) -> list[str]:
        """``farm`` with these arguments, of the tree that is measured."""
        return [*_FARM, *arguments]

    def change(self) -> None:
        """Commit a change of one line."""
        path = self.root / CHANGED
        text = path.read_text(encoding="utf-8")
        if text.count(OLD) != 1:
            raise RuntimeError(f"{CHANGED} has no line {OLD!r} any more: choose another one in {__name__}")
        path.write_text(text.replace(OLD, NEW), encoding="utf-8")
        who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org")
        subprocess.run(["git", *who, "commit", "--quiet", "-am", "Halve the scores"], cwd=self.root, check=True)


def _inventory(devices: Sequence[str], units: int) -> dict[str, Any]:
    """This repository's own, with other devices."""
    made = own_inventory()
    made["devices"] = {
        name: {
            "driver": "numpy",
            "policy": policy,
            "units": units,
            "limits": {"time_s": 300, "memory_mib": 8192},
            "profile": {"mode": mode},
        }
        for name, (policy, mode) in DEVICES.items()
        if name in devices
    }
    return made
