"""Who brings work: people who commit by the hour of the day, and converters that make bundles of what their commits select."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import insert, update

from benchmarks.scale.clock import SimulatedClock
from benchmarks.scale.gauge import ENTER, Gauge
from benchmarks.scale.reports import SAMPLES
from benchmarks.scale.scenario import CONVERT_S, UNCHANGED, Scenario, drawn, rate, selected
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.supersession import supersede, supersede_late
from farm.database import models as db
from farm.database.engine import Database
from farm.inventory import Inventory
from farm.prediction.traits import VERSION

BRANCH = "main"
_OPS = ("conv2d", "batch_norm", "relu", "add", "max_pool2d", "linear", "softmax", "layer_norm", "gelu", "interpolate")


@dataclass(slots=True)
class People:
    """Commits, and what becomes of them until there are jobs: from there on it is the coordinator's.

    A conversion that waits when a newer commit selects the same architecture is not made, as superseded ones are not.
    """

    database: Database
    inventory: Inventory
    scenario: Scenario
    clock: SimulatedClock
    gauge: Gauge
    commits: int = 0
    entered: int = 0
    superseded: int = 0
    over: bool = False
    chance: random.Random = field(init=False)
    _bundles: dict[int, str] = field(default_factory=dict)
    _waiting: dict[int, str] = field(default_factory=dict)
    _idle: int = field(init=False)

    def __post_init__(self) -> None:
        self.chance, self._idle = random.Random(f"people {self.scenario.seed}"), self.scenario.converters

    @property
    def done(self) -> bool:
        """Whether nothing more comes."""
        return self.over and not self._waiting and self._idle == self.scenario.converters

    def begin(self) -> None:
        """Everything is new with the first commit."""
        with self.gauge.not_counted(), self.database.write() as session:
            rows = [{"id": n, "name": f"architecture_{n:04}", "kind": "network"} for n in self._all()]
            session.execute(insert(db.Architecture), rows)
        self._commit(list(self._all()))
        self._wait_for_the_next()

    def _all(self) -> range:
        return range(1, self.scenario.architectures + 1)

    def _wait_for_the_next(self) -> None:
        """Draw the next commit: one of a steady stream at the busiest rate, thinned out to that of the hour."""
        busiest = self.scenario.commits_per_hour / 3600
        wait = self.chance.expovariate(busiest) if busiest else float("inf")
        if self.clock.seconds + wait > self.scenario.hours * 3600:
            self.clock.after(max(0.0, self.scenario.hours * 3600 - self.clock.seconds), self._go_home)
        else:
            self.clock.after(wait, self._maybe_commit)

    def _go_home(self) -> None:
        self.over = True

    def _maybe_commit(self) -> None:
        now = rate(self.scenario, self.clock.seconds)
        if self.chance.random() * self.scenario.commits_per_hour / 3600 < now:
            count = selected(self.chance, self.scenario.architectures)
            self._commit(self.chance.sample(self._all(), count))
        self._wait_for_the_next()

    def _commit(self, chosen: list[int]) -> None:
        """What ``farm submit`` enters, without the conversions."""
        self.commits += 1
        commit, now = _hash(f"commit {self.commits}")[:40], self.clock.now()
        with self.gauge.not_counted(), self.database.write(in_turn=True) as session:
            row = {"key": commit, "sha": commit, "dirty": False, "subject": "s", "date": now, "recorded": now}
            session.execute(insert(db.Commit), [row])
            submission = db.Submission(id=commit[:32], commit=commit, base=None, created=now, branch=BRANCH)
            session.add(submission)
            session.flush()
            again = set(chosen)
            snapshots = [_snapshot(n, commit, n in again, self._bundles.get(n)) for n in self._all()]
            session.execute(insert(db.Snapshot), snapshots)
            supersede(session, submission, now)
        self.superseded += sum(n in self._waiting for n in chosen)
        self._waiting |= dict.fromkeys(chosen, commit)
        self._convert()

    def _convert(self) -> None:
        """Give idle converters what is most urgent."""
        while self._idle and self._waiting:
            architecture = min(self._waiting)
            commit = self._waiting.pop(architecture)
            self._idle -= 1
            took = drawn(self.chance, CONVERT_S)
            self.clock.after(took, partial(self._converted, architecture, commit))

    def _converted(self, architecture: int, commit: str) -> None:
        """What a converter enters of a bundle."""
        now = self.clock.now()
        known = self._bundles.get(architecture)
        same = known is not None and self.chance.random() < UNCHANGED
        identity = known if known is not None and same else _hash(f"bundle {architecture} {commit}")
        with self.gauge.counting(ENTER), self.database.write(in_turn=True) as session:
            if not same:
                session.execute(insert(db.GraphTraits), [_traits(identity, architecture)])
                session.execute(insert(db.Bundle), [_bundle(identity, architecture, now)])
                samples = [{"bundle": identity, "name": s, "position": i} for i, s in enumerate(SAMPLES)]
                session.execute(insert(db.Sample), samples)
            at = (db.Snapshot.commit == commit) & (db.Snapshot.architecture_id == architecture)
            session.execute(update(db.Snapshot).where(at).values(bundle=identity))
            submission = session.get_one(db.Submission, commit[:32])
            want_verdicts(session, self.inventory, submission, architecture, identity, architecture - 1, now)
            supersede_late(session, submission, architecture, now)
        self._bundles[architecture] = identity
        self.entered += 1
        self._idle += 1
        self._convert()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _snapshot(n: int, commit: str, chosen: bool, bundle: str | None) -> dict[str, Any]:
    return {
        "commit": commit, "architecture_id": n, "closure": _hash(f"closure {n} {commit if chosen else bundle}"),
        "selected": chosen, "reason": "changed: Bottleneck.forward (models/basicblocks/residual.py)", "chain": [],
        "file": "models/networks/net.py", "line": 1, "last_change": commit, "bundle": None if chosen else bundle,
    }  # fmt: skip


def _traits(identity: str, n: int) -> dict[str, Any]:
    used = [*(op for i, op in enumerate(_OPS) if n >> i & 1), "conv2d: kernel of 3 or more", "reshape"]
    return {"graph": _hash(f"graph {identity}"), "version": VERSION, "traits": used}


def _bundle(identity: str, n: int, now: object) -> dict[str, Any]:
    return {
        "identity": identity, "graph": _hash(f"graph {identity}"), "weights": _hash("w"), "samples": _hash("s"),
        "manifest": _hash(f"manifest {identity}"), "files": [_hash(f"{part} {identity}") for part in "gws"],
        "size_bytes": 10, "parts": {"backbone": f"backbone_{n % 40}"}, "layers": [f"Layer{i}" for i in range(n % 30 + 5)],
        "ops": list(_OPS), "toolchain": {"torch": "2.13.0", "converter": "1"}, "created": now,
    }  # fmt: skip
