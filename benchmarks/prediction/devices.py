"""Simulated devices that lack something: drawn from a seed, of the ops that the architectures use.

Every second one fails some architectures besides, for no reason that their graphs show: as real devices do.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcore.platform.graph import Graph
from workers.drivers.numpy import NumpyDriver

#: Of the architectures, the share that a device passes: one that passes nearly all or none is easy to foresee.
LEAST, MOST = 0.3, 0.97
#: Of the architectures, the share that every second device fails for no reason.
BROKEN = 0.03
_WINDOWS = ("conv", "pool")


@dataclass(frozen=True, slots=True)
class Device:
    """A device, what it lacks of each architecture, and those that it fails though it lacks nothing."""

    name: str
    profile: Mapping[str, Any]
    lacking: Mapping[str, tuple[str, ...]]
    broken: frozenset[str] = frozenset()

    def passes(self, architecture: str) -> bool:
        return not self.lacking[architecture] and architecture not in self.broken

    @property
    def passing(self) -> float:
        """The share of the architectures that it passes."""
        return sum(map(self.passes, self.lacking)) / len(self.lacking)


def drawn(count: int, graphs: Mapping[str, Sequence[Graph]], seed: int = 0) -> list[Device]:
    """``count`` devices, each with one to four missing ops and up to two limits of others."""
    source = random.Random(seed)
    ops = sorted({node.op for own in graphs.values() for graph in own for node in graph.nodes})
    devices: list[Device] = []
    while len(devices) < count:
        profile = _profile(source, ops)
        driver = NumpyDriver(profile)
        lacking = {
            name: tuple(dict.fromkeys(what for graph in own for what in driver.unsupported(graph)))
            for name, own in graphs.items()
        }
        complete = sorted(name for name, what in lacking.items() if not what)
        broken = source.sample(complete, round(BROKEN * len(complete))) if len(devices) % 2 else ()
        device = Device(f"device {len(devices) + 1}", profile, lacking, frozenset(broken))
        if LEAST <= device.passing <= MOST:
            devices.append(device)
    return devices


def _profile(source: random.Random, ops: Sequence[str]) -> dict[str, Any]:
    missing = source.sample(ops, source.randint(1, 4))
    limits: dict[str, dict[str, int]] = {}
    for _ in range(source.randint(0, 2)):
        match source.choice(("max_kernel", "channels_multiple_of", "max_rank")):
            case "max_kernel":
                windows = [op for op in ops if any(word in op for word in _WINDOWS)]
                limits[source.choice(windows)] = {"max_kernel": source.choice((2, 3, 4, 5, 6))}
            case "channels_multiple_of":
                limits[source.choice(ops)] = {"channels_multiple_of": source.choice((2, 4, 8, 16))}
            case _:
                limits[source.choice(ops)] = {"max_rank": source.choice((3, 4, 5))}
    return {"missing_ops": missing, "op_limits": limits}
