"""What a simulation is of: how large the farm is, how long things take, how often they go wrong; all that is assumed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from farm.coordinator.loop import RECEIVE_S
from farm.inventory import Inventory

#: A Monday. The first submission is made at ``Scenario.begins`` o'clock of this day.
DAY = datetime(2026, 3, 2, tzinfo=UTC)
#: Seconds that a conversion and an attempt take: median, and standard deviation of the logarithm. Fitted to `convert_s` and
#: `replay_s` of the 239 networks of ``benchmarks/thirdparty/results.jsonl`` that pass, on one busy core.
CONVERT_S, REPLAY_S = (9.08, 1.21), (3.15, 1.07)
#: Device types differ in speed by a factor of this spread around 1 (assumed).
SPEED = 0.5
#: A host's answer to a check of a unit, and a message's way.
CHECK_S, TRANSIT_S = 3.0, 0.02
#: Commits by the hour of the day, in shares of the busiest one (assumed): a night, a morning, lunch, an afternoon, an evening.
BY_HOUR = (
    0.05, 0.02, 0.02, 0.02, 0.02, 0.05, 0.1, 0.3, 0.6, 0.9, 1.0, 0.9, 0.5, 0.7, 1.0, 1.0, 0.9, 0.7, 0.4, 0.3, 0.2, 0.2, 0.15,
    0.1,
)  # fmt: skip
#: How often a commit changes so large a share of the architectures (assumed): one network, a shared block, the backend itself.
REACH = ((0.70, 0.0, 0.005), (0.25, 0.02, 0.15), (0.05, 1.0, 1.0))
#: Of what is selected and converted, so much comes out as it was: a refactoring (assumed).
UNCHANGED = 0.2
#: How a bundle does on a device type, for good, and how often an attempt goes wrong by itself (assumed).
UNSUPPORTED, FAILS = 0.03, 0.03


@dataclass(frozen=True, slots=True)
class Scenario:
    """One simulated farm.

    Args:
        hours: how long people commit, from ``begins`` o'clock on; the farm then goes on until it has nothing to do, for
            ``drain_hours`` at most. The first commit selects everything.
        commits_per_hour: in the busiest hour.
        flaky, infra, lost, vanished, doubled: shares of attempts that fail though the bundle is good, that end with an infra
            error, of which the process dies with the host's worker, of messages lost on the broker, of reports that come twice.
        outages_per_day: of each host, which has ``units_per_host`` units and is away for ``outage_s`` in the mean.
        heartbeat_s: from one heartbeat of a unit to the next, the product's own figure by default.
        turn_s: how long a turn of the coordinator waits for messages, the product's own figure by default.
        charged: the clock goes on by what the coordinator takes of a processor, so that messages come together while it is at
            work; without, the same seed always gives the same.
        away_until: hours until the last device type comes, 0: it is there from the start.
    """

    architectures: int = 1000
    device_types: int = 50
    units: int = 3
    hours: float = 2.0
    drain_hours: float = 12.0
    begins: int = 9
    commits_per_hour: float = 8.0
    converters: int = 32
    flaky: float = 0.003
    infra: float = 0.01
    lost: float = 0.002
    vanished: float = 0.0005
    doubled: float = 0.001
    outages_per_day: float = 12.0
    outage_s: float = 300.0
    units_per_host: int = 10
    away_until: float = 0.1
    heartbeat_s: float = 10.0
    turn_s: float = RECEIVE_S
    charged: bool = True
    deadline_days: float = 14.0
    time_limit_s: float = 300.0
    seed: int = 1

    @property
    def start(self) -> datetime:
        """The moment at which the simulated clock is 0."""
        return DAY.replace(hour=self.begins)

    def device_names(self) -> list[str]:
        """Of its device types."""
        return [f"device_{n:03}" for n in range(self.device_types)]

    def inventory(self) -> Inventory:
        """As the coordinator has it."""
        policy = {
            "version": 1, "precision": "float32", "atol_rel": 2e-4, "rtol": 1e-4, "sqnr_db": 75, "cosine": 0.99999,
        }  # fmt: skip
        device = {"driver": "numpy", "policy": "fp32", "units": self.units, "limits": {"time_s": self.time_limit_s}}
        return Inventory.model_validate(
            {
                "version": 1,
                "catalogue": {"levels": {"network": "models/networks"}},
                "policies": {"fp32": policy},
                "devices": {name: device | {"profile": {"n": name}} for name in self.device_names()},
                "queue": {"deadline_days": self.deadline_days},
            }
        )


def drawn(chance: random.Random, law: tuple[float, float]) -> float:
    """A number of a log-normal law: its median, and the standard deviation of the logarithm."""
    median, spread = law
    return median * chance.lognormvariate(0.0, spread)


def selected(chance: random.Random, architectures: int) -> int:
    """How many architectures a commit selects."""
    _, least, most = chance.choices(REACH, [share for share, _, _ in REACH])[0]
    return max(1, round(architectures * chance.uniform(least, most)))


def rate(scenario: Scenario, seconds: float) -> float:
    """Commits a second at a moment of the day."""
    hour = int(scenario.begins + seconds // 3600) % 24
    return scenario.commits_per_hour * BY_HOUR[hour] / 3600


def summary(scenario: Scenario) -> dict[str, Any]:
    """What it is of, for a document."""
    return {name: getattr(scenario, name) for name in Scenario.__slots__}
