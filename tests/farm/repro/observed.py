"""A farm that has observed something: real attempts of a real bundle, merged as ever."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.database.models import Architecture, Attempt, Bundle, Commit, Snapshot, Submission
from farm.host.attempt import perform
from farm.inventory import Inventory
from farm.settings import HostSettings
from mcore.platform.format import read_manifest
from tests.farm.rows import START, FakeWire
from tests.workers.bundles import branched
from workers.artifacts import open_store, push_bundle

SIGMOID = {"faults": [{"name": "wrong_kernel", "op": "sigmoid"}]}
POLICY = {
    "version": 1, "precision": "float32", "atol_rel": 2e-4, "rtol": 1e-4, "sqnr_db": 75, "cosine": 0.99999
}  # fmt: skip
INVENTORY = Inventory.model_validate(
    {
        "version": 1,
        "catalogue": {"levels": {"network": "models/networks"}},
        "policies": {"fp32": POLICY},
        "devices": {
            "sound": {"driver": "numpy", "policy": "fp32"},
            "broken": {"driver": "numpy", "policy": "fp32", "profile": SIGMOID},
            "small": {"driver": "numpy", "policy": "fp32", "profile": {"missing_ops": ["tanh"]}},
        },
    }
)


@dataclass
class Observed:
    """Attempts by device type, the newest of each; the store that their bundle is in."""

    database: Database
    store: Path
    bundle: str
    attempts: dict[str, str]


def observe(database: Database, folder: Path, commit: str = "c" * 40) -> Observed:
    """Replay one small bundle on three devices."""
    store = open_store(str(folder / "store"))
    identity = branched().write(folder / "bundle")
    manifest = push_bundle(store, folder / "bundle")
    _record(database, identity, manifest, folder / "bundle", commit)
    host, wire, done = HostSettings(str(folder / "store"), folder / "cache", "unit-1", 1 << 30), FakeWire(), 0
    while dispatch(database, INVENTORY, wire, START):
        for message in wire.sent[done:]:
            merge(database, perform(message, host), START)
        done = len(wire.sent)
    with database.read() as session:
        rows = session.scalars(select(Attempt).order_by(Attempt.n))
        attempts = {row.job.device_type.name: row.id for row in rows}
    return Observed(database, folder / "store", identity, attempts)


def _record(database: Database, identity: str, manifest: str, folder: Path, commit: str) -> None:
    parts = read_manifest(folder).identity
    with database.write() as session:
        session.add(Commit(key=commit, sha=commit, dirty=False, subject="s", date=START, recorded=START))
        session.flush()
        submission = Submission(id="s" * 32, commit=commit, base=None, created=START)
        architecture = Architecture(name="tiny", kind="network")
        session.add_all([submission, architecture])
        session.add(
            Bundle(
                identity=identity,
                graph=parts.graph,
                weights=parts.weights,
                samples=parts.samples,
                manifest=manifest,
                size_bytes=1,
                parts={},
                layers=[],
                ops=[],
                toolchain={},
                created=START,
            )
        )
        session.flush()
        session.add(
            Snapshot(
                commit=commit,
                architecture_id=architecture.id,
                closure="f" * 64,
                selected=True,
                reason="new architecture",
                chain=[],
                file="x.py",
                line=1,
                last_change=commit,
                bundle=identity,
            )
        )
        session.flush()
        want_verdicts(session, INVENTORY, submission, architecture.id, identity, 0, START)
